-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`reconciliation` (
  `usage_date` date COMMENT 'day of use in UTC, as the bill has it',
  `usage_type` string COMMENT 'usage type of the bill, such as USE1-Group2-ImagesProcessed',
  `price_item` string COMMENT 'line of the price book, null if the books have none',
  `lake_units` double COMMENT 'units in usage',
  `bill_units` double COMMENT 'units on the bill, in the unit of the price book',
  `lake_usd` double COMMENT 'dollars in usage',
  `bill_usd` double COMMENT 'dollars on the bill, credits taken off',
  `status` string COMMENT 'what came of the comparison',
  `cause` string COMMENT 'the causes of the difference, with commas between, null if none',
  `causes` array<struct<cause:string,units:double,usd:double,reason:string>> COMMENT 'each cause with its part of the difference, bill less lake',
  `unexplained_units` double COMMENT 'the part of the units without a cause',
  `unexplained_usd` double COMMENT 'the part of the dollars without a cause',
  `reconciled_at` timestamp COMMENT 'when it was compared'
)
COMMENT 'The lake\'s usage against the bill: one row per day of use and usage type that either of them has.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/reconciliation/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
