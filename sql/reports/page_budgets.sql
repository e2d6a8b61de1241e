-- The budgets of each cost center and month as they were reported last, for the cost page.
SELECT month AS billing_month, cost_center, kind, limit_usd
FROM (
  SELECT
    month, cost_center, kind, limit_usd,
    row_number() OVER (PARTITION BY cost_center, month ORDER BY as_of DESC) AS place
  FROM "${database}".budgets
) AS reported
WHERE place = 1
ORDER BY month, cost_center
