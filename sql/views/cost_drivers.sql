-- What made a month dearer or cheaper than the month before? One row per calendar month (UTC), team, source,
-- feature and line of the price book. The newest month, while it lasts, is compared with the same days of the
-- month before.
--
-- Columns:
--   billing_month: calendar month in UTC, YYYY-MM
--   cost_center, source, feature, media_type, price_item: as in costs_daily
--   usd, previous_usd: dollars of the month, and of the month before
--   change_usd: usd less previous_usd
--   volume_usd: the part of the change that more or fewer units make, at the price of the month before
--   price_usd: the part that the price of a unit makes, such as another tier
-- Example:
--   SELECT cost_center, feature, change_usd, volume_usd FROM cost_drivers
--   WHERE billing_month = '2026-11' ORDER BY abs(change_usd) DESC LIMIT 10
CREATE OR REPLACE VIEW "${database}".cost_drivers AS
WITH newest AS (
  SELECT
    max(usage_date) AS last_day,
    CASE
      WHEN max(usage_date) = last_day_of_month(max(usage_date)) THEN 31
      ELSE day(max(usage_date))
    END AS compared_days
  FROM "${database}".costs_daily
),
months AS (
  SELECT
    date_trunc('month', usage_date) AS month,
    cost_center,
    source,
    feature,
    media_type,
    price_item,
    sum(units) AS units,
    sum(usd) AS usd,
    sum(CASE WHEN day(usage_date) <= newest.compared_days THEN units ELSE 0e0 END) AS first_units,
    sum(CASE WHEN day(usage_date) <= newest.compared_days THEN usd ELSE 0e0 END) AS first_usd
  FROM "${database}".costs_daily
  CROSS JOIN newest
  GROUP BY date_trunc('month', usage_date), cost_center, source, feature, media_type, price_item
),
compared AS (
  SELECT
    coalesce(this.month, date_add('month', 1, before.month)) AS month,
    coalesce(this.cost_center, before.cost_center) AS cost_center,
    coalesce(this.source, before.source) AS source,
    coalesce(this.feature, before.feature) AS feature,
    coalesce(this.media_type, before.media_type) AS media_type,
    coalesce(this.price_item, before.price_item) AS price_item,
    coalesce(this.units, 0e0) AS units,
    coalesce(this.usd, 0e0) AS usd,
    before.units AS previous_units,
    before.usd AS previous_usd,
    before.first_units,
    before.first_usd
  FROM months AS this
  FULL JOIN months AS before
    ON this.month = date_add('month', 1, before.month)
    AND this.cost_center = before.cost_center AND this.source = before.source
    AND this.feature = before.feature AND this.media_type = before.media_type
    AND this.price_item = before.price_item
),
limited AS (
  SELECT
    date_format(compared.month, '%Y-%m') AS billing_month,
    compared.cost_center,
    compared.source,
    compared.feature,
    compared.media_type,
    compared.price_item,
    compared.units,
    compared.usd,
    coalesce(CASE
      WHEN compared.month = date_trunc('month', newest.last_day) THEN compared.first_units
      ELSE compared.previous_units
    END, 0e0) AS previous_units,
    coalesce(CASE
      WHEN compared.month = date_trunc('month', newest.last_day) THEN compared.first_usd
      ELSE compared.previous_usd
    END, 0e0) AS previous_usd
  FROM compared
  JOIN newest ON compared.month <= newest.last_day
)
SELECT
  billing_month,
  cost_center,
  source,
  feature,
  media_type,
  price_item,
  usd,
  previous_usd,
  usd - previous_usd AS change_usd,
  CASE
    WHEN previous_units = 0 THEN usd
    ELSE (units - previous_units) * previous_usd / previous_units
  END AS volume_usd,
  CASE
    WHEN previous_units = 0 THEN 0e0
    ELSE usd - units * previous_usd / previous_units
  END AS price_usd
FROM limited
WHERE usd <> 0 OR previous_usd <> 0
