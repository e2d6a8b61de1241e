-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`analyses` (
  `media_id` string COMMENT 'the media asset, joins with media_assets.media_id',
  `feature` string COMMENT 'feature of the registry, such as labels',
  `operation` string COMMENT 'Rekognition operation whose response is archived',
  `analysis_key` string COMMENT 'identity of the analysis: paid for once',
  `status` string COMMENT 'how it ended',
  `error_code` string COMMENT 'error code of AWS or of the check that rejected it',
  `error_message` string COMMENT 'error in words',
  `model_version` string COMMENT 'version of the Rekognition model, where the API reports one',
  `response_uri` string COMMENT 'archived response (NDJSON object that holds its lines)',
  `units` double COMMENT 'images, frames or minutes of video analyzed',
  `findings` bigint COMMENT 'rows it gave in the finding tables',
  `completed_at` timestamp COMMENT 'when the response was received',
  `findings_by_table` array<struct<table_name:string,row_count:bigint>> COMMENT 'the findings by finding table, for each table that the request asks to fill'
)
COMMENT 'One row per media asset and feature asked for.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)',
  `media_type` string COMMENT 'image or video'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/analyses/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
