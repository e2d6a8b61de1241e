-- The days of the lake that have usage in a span of time. Parameters: its start, and the instant after it.
SELECT DISTINCT
  dt
FROM "${database}".usage
WHERE at >= CAST(? AS timestamp)
  AND at < CAST(? AS timestamp)
