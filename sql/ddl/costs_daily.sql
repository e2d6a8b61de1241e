-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`costs_daily` (
  `usage_date` date COMMENT 'day of use in UTC, what AWS bills by',
  `source` string COMMENT 'name of the source in lake.yaml',
  `cost_center` string COMMENT 'the team that pays, from lake.yaml',
  `media_type` string COMMENT 'image or video',
  `feature` string COMMENT 'feature of the registry',
  `operation` string COMMENT 'Rekognition operation that is billed',
  `price_item` string COMMENT 'line of the price book',
  `analyses` bigint COMMENT 'analyses paid for by this price line',
  `units` double COMMENT 'images or minutes paid for',
  `usd` double COMMENT 'dollars',
  `reused_analyses` bigint COMMENT 'analyses reused',
  `reused_units` double COMMENT 'images or minutes reused',
  `saved_usd` double COMMENT 'dollars saved by re-use',
  `price_version` string COMMENT 'price book used'
)
COMMENT 'Units and dollars by day of use, team, source, feature and price line.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/costs_daily/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
