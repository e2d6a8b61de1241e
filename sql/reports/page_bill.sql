-- The bill of each month against the lake, by usage type and cause, for the cost page.
SELECT
  date_format(usage_date, '%Y-%m') AS billing_month,
  usage_type,
  cause,
  count(*) AS days,
  sum(lake_usd) AS lake_usd,
  sum(bill_usd) AS bill_usd,
  sum(unexplained_usd) AS unexplained_usd
FROM "${database}".reconciliation
GROUP BY date_format(usage_date, '%Y-%m'), usage_type, cause
ORDER BY billing_month, usage_type, cause
