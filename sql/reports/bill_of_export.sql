-- What AWS billed an account for Rekognition by day, usage type and kind of charge, from a CUR 2.0 export:
-- https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2-line-item.html. Parameters: the
-- account, the first instant, and the instant after the last.
SELECT
  CAST(line_item_usage_start_date AS date) AS usage_date,
  line_item_usage_type AS usage_type,
  line_item_line_item_type AS record_type,
  sum(line_item_usage_amount) AS units,
  sum(line_item_unblended_cost) AS usd
FROM "${bill_database}"."${bill_table}"
WHERE line_item_product_code = 'AmazonRekognition'
  AND line_item_usage_account_id = ?
  AND line_item_usage_start_date >= CAST(? AS timestamp)
  AND line_item_usage_start_date < CAST(? AS timestamp)
GROUP BY CAST(line_item_usage_start_date AS date), line_item_usage_type, line_item_line_item_type
