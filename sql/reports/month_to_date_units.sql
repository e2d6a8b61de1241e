-- Units billed by line of the price book in a span of time, outside one partition: what its tiers start
-- from. Parameters: the start of the month, the instant before which to count, and the partition to leave
-- out (empty for none).
SELECT
  price_item,
  sum(units) AS units
FROM "${database}".usage
WHERE NOT reused
  AND at >= CAST(? AS timestamp)
  AND at < CAST(? AS timestamp)
  AND dt <> ?
GROUP BY price_item
