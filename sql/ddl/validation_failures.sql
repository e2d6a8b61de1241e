-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`validation_failures` (
  `run_id` string COMMENT 'Dag run that checked it',
  `table_name` string COMMENT 'table checked',
  `expectation` string COMMENT 'the rule',
  `column_name` string COMMENT 'column checked, null for a check of several',
  `media_id` string COMMENT 'the media asset, joins with media_assets.media_id',
  `analysis_key` string COMMENT 'the analysis, joins with analyses.analysis_key',
  `value` string COMMENT 'what is wrong',
  `checked_at` timestamp COMMENT 'when the run was audited'
)
COMMENT 'Rows that broke a rule, up to 100 a rule and table, none of tables about identifiable people. Of cost tables, media_type is costs.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)',
  `media_type` string COMMENT 'image or video'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/validation_failures/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
