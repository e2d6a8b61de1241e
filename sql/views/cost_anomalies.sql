-- On which days did a feature cost a team much more than usual? One row per day of use (UTC), team and feature
-- from the 16th day after its first use on; WHERE is_anomaly leaves the odd ones.
--
-- The measure: a day is held against the 14 days that end 2 days before it, so that the second day of a jump is
-- judged as the first. Usual is their median. The spread is 1.4826 times the median distance from it, which is
-- the standard deviation of ordinary days and is not moved by single odd ones; at least a tenth of the median,
-- and 10 cents. A day is an anomaly if it costs 3.5 spreads more than usual. Days without use count as 0.
--
-- Columns:
--   usage_date: the day
--   cost_center, feature: whose costs they are
--   usd: dollars paid
--   usual_usd: the median of the days before
--   spread_usd: the spread
--   score: how many spreads usd is above usual_usd
--   is_anomaly: whether that is more than 3.5
--   is_recent: whether it is one of the 2 last whole days with use, for which an alert is sent
-- Example:
--   SELECT usage_date, cost_center, feature, usd, usual_usd FROM cost_anomalies
--   WHERE is_anomaly ORDER BY usage_date DESC
CREATE OR REPLACE VIEW "${database}".cost_anomalies AS
WITH newest AS (
  SELECT least(max(usage_date), date_add('day', -1, current_date)) AS as_of
  FROM "${database}".costs_daily
),
series AS (
  SELECT
    costs.cost_center,
    costs.feature,
    min(costs.usage_date) AS first_day,
    newest.as_of
  FROM "${database}".costs_daily AS costs
  JOIN newest ON costs.usage_date <= newest.as_of
  GROUP BY costs.cost_center, costs.feature, newest.as_of
),
daily AS (
  SELECT
    series.cost_center,
    series.feature,
    days.usage_date,
    days.usage_date > date_add('day', -2, series.as_of) AS is_recent,
    days.usage_date >= date_add('day', 15, series.first_day) AS is_judged,
    coalesce(sum(costs.usd), 0e0) AS usd
  FROM series
  CROSS JOIN UNNEST(sequence(series.first_day, series.as_of, INTERVAL '1' DAY)) AS days (usage_date)
  LEFT JOIN "${database}".costs_daily AS costs
    ON costs.cost_center = series.cost_center AND costs.feature = series.feature
    AND costs.usage_date = days.usage_date
  GROUP BY series.cost_center, series.feature, series.first_day, series.as_of, days.usage_date
),
learned AS (
  SELECT
    judged.cost_center,
    judged.feature,
    judged.usage_date,
    judged.is_recent,
    judged.usd,
    before.usd AS learned_usd,
    row_number() OVER (
      PARTITION BY judged.cost_center, judged.feature, judged.usage_date ORDER BY before.usd
    ) AS place
  FROM daily AS judged
  JOIN daily AS before
    ON before.cost_center = judged.cost_center AND before.feature = judged.feature
    AND before.usage_date BETWEEN date_add('day', -15, judged.usage_date)
      AND date_add('day', -2, judged.usage_date)
  WHERE judged.is_judged
),
around_usual AS (
  SELECT
    *,
    avg(CASE WHEN place IN (7, 8) THEN learned_usd END) OVER (
      PARTITION BY cost_center, feature, usage_date
    ) AS usual_usd
  FROM learned
),
distances AS (
  SELECT
    *,
    abs(learned_usd - usual_usd) AS distance,
    row_number() OVER (
      PARTITION BY cost_center, feature, usage_date ORDER BY abs(learned_usd - usual_usd)
    ) AS nearness
  FROM around_usual
),
judged AS (
  SELECT
    usage_date,
    cost_center,
    feature,
    is_recent,
    usd,
    usual_usd,
    greatest(
      1.4826e0 * avg(CASE WHEN nearness IN (7, 8) THEN distance END), usual_usd / 1e1, 1e-1
    ) AS spread_usd
  FROM distances
  GROUP BY usage_date, cost_center, feature, is_recent, usd, usual_usd
)
SELECT
  usage_date,
  cost_center,
  feature,
  usd,
  usual_usd,
  spread_usd,
  (usd - usual_usd) / spread_usd AS score,
  usd - usual_usd > 3.5e0 * spread_usd AS is_anomaly,
  is_recent
FROM judged
