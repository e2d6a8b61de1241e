-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`bill_daily` (
  `usage_date` date COMMENT 'day of use in UTC, as the bill has it',
  `usage_type` string COMMENT 'usage type of the bill, such as USE1-Group2-ImagesProcessed',
  `record_type` string COMMENT 'kind of charge, such as Usage, Credit, Refund',
  `units` double COMMENT 'units as the bill counts them, 0 unless it is usage',
  `usd` double COMMENT 'dollars charged, negative for credits',
  `estimated` boolean COMMENT 'whether AWS may still change it, null if AWS does not say',
  `read_at` timestamp COMMENT 'when the bill was read'
)
COMMENT 'What AWS charged for Rekognition by day of use, usage type and kind of charge, as read last.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/bill_daily/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
