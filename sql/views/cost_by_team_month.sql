-- What did each team pay in a month, and what is its share of all? One row per calendar month (UTC), in which
-- AWS bills, and team. What re-use saved is in savings.
--
-- Columns:
--   billing_month: calendar month in UTC, YYYY-MM
--   cost_center: the team that pays
--   usd: dollars paid
--   share_percent: usd in percent of what all teams paid in the month; null if nobody paid
-- Example:
--   SELECT cost_center, usd FROM cost_by_team_month WHERE billing_month = '2026-11' ORDER BY usd DESC
CREATE OR REPLACE VIEW "${database}".cost_by_team_month AS
SELECT
  billing_month,
  cost_center,
  usd,
  100e0 * usd / nullif(sum(usd) OVER (PARTITION BY billing_month), 0) AS share_percent
FROM (
  SELECT
    date_format(usage_date, '%Y-%m') AS billing_month,
    cost_center,
    sum(usd) AS usd
  FROM "${database}".costs_daily
  GROUP BY date_format(usage_date, '%Y-%m'), cost_center
) AS months
