-- How does each budget stand, and will it last the month? One row per team and calendar month (UTC) that has a
-- budget, as the last report of costs found it.
--
-- Columns:
--   billing_month: calendar month in UTC, YYYY-MM
--   cost_center: the team
--   kind: hard stops analyses before they are paid for, soft only warns
--   limit_usd: dollars that may be spent in the month
--   spent_usd, reserved_usd: as in budgets
--   left_usd: dollars that are neither spent nor reserved; below 0 if a soft budget is exceeded
--   used_percent: spent_usd and reserved_usd in percent of limit_usd; null for a budget of nothing
--   forecast_usd: what the month will cost by forecast_monthly; null but for its month
--   state: exceeded, nearly used (80 percent or more), will be exceeded (by the forecast), or within
--   as_of: when it was so
-- Example:
--   SELECT cost_center, used_percent, state FROM budget_status WHERE billing_month = '2026-11'
CREATE OR REPLACE VIEW "${database}".budget_status AS
SELECT
  newest.month AS billing_month,
  newest.cost_center,
  newest.kind,
  newest.limit_usd,
  newest.spent_usd,
  newest.reserved_usd,
  newest.limit_usd - newest.spent_usd - newest.reserved_usd AS left_usd,
  100e0 * (newest.spent_usd + newest.reserved_usd) / nullif(newest.limit_usd, 0) AS used_percent,
  forecasts.forecast_usd,
  CASE
    WHEN newest.spent_usd > newest.limit_usd THEN 'exceeded'
    WHEN newest.spent_usd + newest.reserved_usd >= 8e-1 * newest.limit_usd THEN 'nearly used'
    WHEN forecasts.forecast_usd > newest.limit_usd THEN 'will be exceeded'
    ELSE 'within'
  END AS state,
  newest.as_of
FROM (
  SELECT
    month,
    cost_center,
    kind,
    limit_usd,
    spent_usd,
    reserved_usd,
    as_of,
    row_number() OVER (PARTITION BY cost_center, month ORDER BY as_of DESC) AS place
  FROM "${database}".budgets
) AS newest
LEFT JOIN "${database}".forecast_monthly AS forecasts
  ON forecasts.cost_center = newest.cost_center AND forecasts.billing_month = newest.month
WHERE newest.place = 1
