-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`labels` (
  `media_id` string COMMENT 'the media asset, joins with media_assets.media_id',
  `analysis_key` string COMMENT 'the analysis it was found by, joins with analyses.analysis_key',
  `model_version` string COMMENT 'version of the Rekognition model, where the API reports one',
  `timestamp_ms` bigint COMMENT 'time of the frame in milliseconds, null for images',
  `start_ms` bigint COMMENT 'start of the finding in milliseconds, null unless the API gives spans',
  `end_ms` bigint COMMENT 'end of the finding in milliseconds, null unless the API gives spans',
  `name` string COMMENT 'label',
  `confidence` double COMMENT 'confidence in percent',
  `parents` array<string> COMMENT 'labels above it in the taxonomy',
  `aliases` array<string> COMMENT 'other names of the label',
  `categories` array<string> COMMENT 'categories it belongs to',
  `instance_count` int COMMENT 'number of boxes',
  `instances` array<struct<box_left:double,box_top:double,box_width:double,box_height:double,confidence:double>> COMMENT 'box and confidence of each instance'
)
COMMENT 'Objects, scenes, activities and concepts, one row per label and, in videos, per time.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)',
  `media_type` string COMMENT 'image or video'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/labels/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
