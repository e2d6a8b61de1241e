-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`validation_results` (
  `run_id` string COMMENT 'Dag run that checked it',
  `table_name` string COMMENT 'table checked',
  `expectation` string COMMENT 'the rule, docs/VALIDATION.md has all',
  `column_name` string COMMENT 'column checked, null for a check of the table',
  `success` boolean COMMENT 'whether it held',
  `checked_rows` bigint COMMENT 'rows checked',
  `unexpected_rows` bigint COMMENT 'rows that broke it',
  `details` string COMMENT 'expectation and result as JSON',
  `checked_at` timestamp COMMENT 'when the run was audited',
  `layer` string COMMENT 'what the rule looks at: columns, relations, archive, trend or costs',
  `severity` string COMMENT 'what a broken rule does: fail holds the day back, warn does not'
)
COMMENT 'One row per expectation checked before a partition was published, of every run. Of cost tables, media_type is costs.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)',
  `media_type` string COMMENT 'image or video'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/validation_results/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
