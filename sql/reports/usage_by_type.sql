-- What the lake paid for by day, usage type and price line, for the comparison with the bill. Minutes and hours
-- are also counted with each analysis rounded up: hours to their minute. Parameters: the first instant, and the
-- instant after the last.
SELECT
  CAST(at AS date) AS usage_date,
  usage_type,
  price_item,
  sum(units) AS units,
  sum(usd) AS usd,
  sum(ceil(units)) AS whole_units,
  sum(usd * ceil(units) / nullif(units, 0)) AS whole_usd,
  sum(ceil(units * 60) / 6e1) AS whole_minutes_units,
  sum(usd * ceil(units * 60) / 6e1 / nullif(units, 0)) AS whole_minutes_usd
FROM "${database}".usage
WHERE NOT reused
  AND at >= CAST(? AS timestamp)
  AND at < CAST(? AS timestamp)
GROUP BY CAST(at AS date), usage_type, price_item
