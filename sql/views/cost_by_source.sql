-- What does each source cost in a month? One row per calendar month (UTC), source, team and kind of media.
--
-- Columns:
--   billing_month: calendar month in UTC, YYYY-MM
--   source, cost_center, media_type: as in costs_daily
--   usd: dollars paid
--   share_percent: usd in percent of what was paid for all sources in the month; null if nothing was
-- Example:
--   SELECT source, sum(usd) AS usd FROM cost_by_source
--   WHERE billing_month = '2026-11' GROUP BY source ORDER BY usd DESC
CREATE OR REPLACE VIEW "${database}".cost_by_source AS
SELECT
  billing_month,
  source,
  cost_center,
  media_type,
  usd,
  100e0 * usd / nullif(sum(usd) OVER (PARTITION BY billing_month), 0) AS share_percent
FROM (
  SELECT
    date_format(usage_date, '%Y-%m') AS billing_month,
    source,
    cost_center,
    media_type,
    sum(usd) AS usd
  FROM "${database}".costs_daily
  GROUP BY date_format(usage_date, '%Y-%m'), source, cost_center, media_type
) AS months
