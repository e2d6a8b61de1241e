-- What will the running month have cost when it ends? One row per team, and one for all teams together.
--
-- The method: each day to come costs what the same weekday cost in the mean of the last 8 weeks; what was paid
-- so far is added. Days without use count as 0 from a team's first use on. The band holds the month's end in 8
-- of 10 cases if days keep to that pattern: the spread of the learned days around their weekday, over the days
-- to come, with the error of the means. A trend, or a backfill to come, is not in it. It needs 14 days to
-- learn from. The running day is left to the forecast; the month is that of the last whole day with use.
--
-- Columns:
--   billing_month: calendar month in UTC, YYYY-MM
--   cost_center: the team; null for all teams together
--   as_of: last whole day that was counted
--   usd_so_far: dollars paid in the month until then
--   forecast_usd: dollars of the whole month, most likely
--   low_usd, high_usd: the month ends between them in 8 of 10 cases; null with less than 14 days to learn from
--   learned_days: days that were learned from
-- Example:
--   SELECT cost_center, forecast_usd, low_usd, high_usd FROM forecast_monthly ORDER BY forecast_usd DESC
CREATE OR REPLACE VIEW "${database}".forecast_monthly AS
WITH newest AS (
  SELECT least(max(usage_date), date_add('day', -1, current_date)) AS as_of
  FROM "${database}".costs_daily
),
costs AS (
  SELECT usage_date, cost_center, usd
  FROM "${database}".costs_daily
  UNION ALL
  SELECT usage_date, CAST(NULL AS varchar) AS cost_center, usd
  FROM "${database}".costs_daily
),
teams AS (
  SELECT
    costs.cost_center,
    newest.as_of,
    greatest(min(costs.usage_date), date_add('day', -55, newest.as_of)) AS first_day,
    sum(CASE WHEN costs.usage_date >= date_trunc('month', newest.as_of) THEN costs.usd ELSE 0e0 END) AS usd_so_far
  FROM costs
  JOIN newest ON costs.usage_date <= newest.as_of
  GROUP BY costs.cost_center, newest.as_of
),
learned AS (
  SELECT
    teams.cost_center,
    days.usage_date,
    day_of_week(days.usage_date) AS weekday,
    coalesce(sum(costs.usd), 0e0) AS usd
  FROM teams
  CROSS JOIN UNNEST(sequence(teams.first_day, teams.as_of, INTERVAL '1' DAY)) AS days (usage_date)
  LEFT JOIN costs
    ON costs.usage_date = days.usage_date AND costs.cost_center IS NOT DISTINCT FROM teams.cost_center
  GROUP BY teams.cost_center, days.usage_date
),
weekdays AS (
  SELECT
    cost_center,
    weekday,
    count(*) AS learned_days,
    avg(usd) AS usd,
    sum(usd * usd) - count(*) * avg(usd) * avg(usd) AS squares
  FROM learned
  GROUP BY cost_center, weekday
),
to_come AS (
  SELECT
    day_of_week(days.usage_date) AS weekday,
    count(*) AS days
  FROM newest
  CROSS JOIN UNNEST(sequence(newest.as_of, last_day_of_month(newest.as_of), INTERVAL '1' DAY))
    AS days (usage_date)
  WHERE days.usage_date > newest.as_of
  GROUP BY day_of_week(days.usage_date)
),
sums AS (
  SELECT
    weekdays.cost_center,
    sum(weekdays.learned_days) AS learned_days,
    sum(weekdays.usd * coalesce(to_come.days, 0)) AS usd_to_come,
    sqrt(greatest(sum(weekdays.squares), 0e0) / nullif(sum(weekdays.learned_days) - count(*), 0))
      * sqrt(sum(coalesce(to_come.days, 0) * (1e0 + coalesce(to_come.days, 0) / CAST(weekdays.learned_days AS double))))
      AS error_usd
  FROM weekdays
  LEFT JOIN to_come ON to_come.weekday = weekdays.weekday
  GROUP BY weekdays.cost_center
)
SELECT
  date_format(teams.as_of, '%Y-%m') AS billing_month,
  teams.cost_center,
  teams.as_of,
  teams.usd_so_far,
  teams.usd_so_far + sums.usd_to_come AS forecast_usd,
  CASE
    WHEN sums.learned_days >= 14
    THEN teams.usd_so_far + greatest(sums.usd_to_come - 1.3e0 * sums.error_usd, 0e0)
  END AS low_usd,
  CASE
    WHEN sums.learned_days >= 14 THEN teams.usd_so_far + sums.usd_to_come + 1.3e0 * sums.error_usd
  END AS high_usd,
  sums.learned_days
FROM teams
JOIN sums ON sums.cost_center IS NOT DISTINCT FROM teams.cost_center
