-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`publications` (
  `published_at` timestamp COMMENT 'when readers got it',
  `version` string COMMENT 'name of the version, the same for all its tables',
  `media_type` string COMMENT 'image or video, null for cost tables',
  `table_name` string COMMENT 'the table',
  `action` string COMMENT 'what was done',
  `dag_id` string COMMENT 'Dag that made the data',
  `run_id` string COMMENT 'Dag run that made the data',
  `planned_at` timestamp COMMENT 'when that run began to read its input',
  `audited_at` timestamp COMMENT 'when its audit ended',
  `row_count` bigint COMMENT 'rows of the table',
  `location` string COMMENT 'S3 prefix of the table\'s files',
  `decided_by` string COMMENT 'who approved it in review or went back to it, null if nobody had to'
)
COMMENT 'One row per table of each version that readers got: published, or gone back to.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/publications/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
