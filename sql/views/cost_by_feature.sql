-- What does each kind of analysis cost in a month? One row per calendar month (UTC), feature, kind of media and
-- line of the price book.
--
-- Columns:
--   billing_month: calendar month in UTC, YYYY-MM
--   feature, media_type, operation, price_item: as in costs_daily
--   units: images, minutes of video, or hours of a Custom Labels model that were paid for
--   usd: dollars paid
--   usd_per_unit: what a unit cost in the mean, which falls with the month's volume; null without units
-- Example:
--   SELECT feature, sum(usd) AS usd FROM cost_by_feature
--   WHERE billing_month = '2026-11' GROUP BY feature ORDER BY usd DESC
CREATE OR REPLACE VIEW "${database}".cost_by_feature AS
SELECT
  date_format(usage_date, '%Y-%m') AS billing_month,
  feature,
  media_type,
  operation,
  price_item,
  sum(units) AS units,
  sum(usd) AS usd,
  sum(usd) / nullif(sum(units), 0) AS usd_per_unit
FROM "${database}".costs_daily
GROUP BY date_format(usage_date, '%Y-%m'), feature, media_type, operation, price_item
