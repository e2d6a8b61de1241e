-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`budgets` (
  `cost_center` string COMMENT 'the team that pays, from lake.yaml',
  `month` string COMMENT 'calendar month (UTC), such as 2026-11',
  `limit_usd` double COMMENT 'dollars that may be spent in it',
  `kind` string COMMENT 'a hard budget stops analyses before they are paid for, a soft one warns',
  `spent_usd` double COMMENT 'dollars spent, if hard, at the prices known before a call, if soft, as reported',
  `reserved_usd` double COMMENT 'dollars that running tasks hold and may still spend or return',
  `as_of` timestamp COMMENT 'when it was read'
)
COMMENT 'One row per budget of a cost center and month, of every report of costs: the newest as_of counts. Days are those of the report.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/budgets/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
