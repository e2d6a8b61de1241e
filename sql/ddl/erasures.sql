-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`erasures` (
  `erasure_id` string COMMENT 'identity of the row',
  `erased_at` timestamp COMMENT 'when it began',
  `action` string COMMENT 'what was done',
  `selection` string COMMENT 'what was chosen: asset, prefix, content or face, or a table, by retention',
  `selector_salt` string COMMENT 'what is hashed before the chosen name',
  `selector_hash` string COMMENT 'SHA-256 of salt and chosen name, null for retention',
  `decided_by` string COMMENT 'who asked, or the Dag',
  `reason` string COMMENT 'why, in the words of whoever asked',
  `assets` bigint COMMENT 'media assets that are gone',
  `contents` bigint COMMENT 'contents that are gone, or allowed',
  `places` array<struct<place:string,object_count:bigint,row_count:bigint>> COMMENT 'what was found before it went, by place: objects, and rows in them'
)
COMMENT 'One row per erasure on request, run of retention, or permission to analyze again, it names nobody.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/erasures/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
