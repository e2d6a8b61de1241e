-- Dollars spent by cost center in a span of time. Parameters: the start of the month, and its end.
SELECT
  cost_center,
  sum(usd) AS usd
FROM "${database}".usage
WHERE NOT reused
  AND at >= CAST(? AS timestamp)
  AND at < CAST(? AS timestamp)
GROUP BY cost_center
