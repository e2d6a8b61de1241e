-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`usage` (
  `usage_id` string COMMENT 'identity of the row',
  `at` timestamp COMMENT 'when it was used, or ended, what AWS bills by',
  `dag_id` string COMMENT 'Dag that used it',
  `run_id` string COMMENT 'Dag run that used it',
  `source` string COMMENT 'name of the source in lake.yaml',
  `cost_center` string COMMENT 'the team that pays, from lake.yaml',
  `media_id` string COMMENT 'the media asset, joins with media_assets.media_id',
  `media_type` string COMMENT 'image or video',
  `analysis_key` string COMMENT 'the analysis',
  `feature` string COMMENT 'feature of the registry',
  `operation` string COMMENT 'Rekognition operation that is billed',
  `price_item` string COMMENT 'line of the price book',
  `units` double COMMENT 'images or minutes',
  `reused` boolean COMMENT 'true if nothing was paid because the analysis existed',
  `usd` double COMMENT 'price paid at the tier reached, 0 if reused',
  `saved_usd` double COMMENT 'price it would have had, 0 unless reused',
  `price_version` string COMMENT 'price book used',
  `billing_month` string COMMENT 'calendar month of the bill in UTC, YYYY-MM',
  `usage_type` string COMMENT 'AWS usage type, as the bill has it',
  `price_tier` string COMMENT 'tier reached before it: first unit-last unit',
  `list_usd` double COMMENT 'price at the first tier, 0 if reused',
  `units_before` double COMMENT 'units of the same month and price line used before it',
  `ended_at` timestamp COMMENT 'when the job or the model\'s session ended, null for images'
)
COMMENT 'One row per analysis that was paid for, or reused instead, and line of the price book that it has.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/usage/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
