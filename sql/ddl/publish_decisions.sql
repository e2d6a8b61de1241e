-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`publish_decisions` (
  `decided_at` timestamp COMMENT 'when it was decided, or the time was over',
  `decision` string COMMENT 'what was decided, timed_out if nobody answered',
  `decided_by` string COMMENT 'name of the Airflow user, null if nobody answered',
  `reason` string COMMENT 'why, in the words of who decided',
  `dag_id` string COMMENT 'Dag whose data it is',
  `run_id` string COMMENT 'Dag run whose data it is',
  `failed_rules` array<string> COMMENT 'the rules that held the day back'
)
COMMENT 'One row per decision whether a day is published although rules of validation are broken.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)',
  `media_type` string COMMENT 'image or video'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/publish_decisions/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
