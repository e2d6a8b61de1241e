-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`moderation_labels` (
  `media_id` string COMMENT 'the media asset, joins with media_assets.media_id',
  `analysis_key` string COMMENT 'the analysis it was found by, joins with analyses.analysis_key',
  `model_version` string COMMENT 'version of the Rekognition model, where the API reports one',
  `timestamp_ms` bigint COMMENT 'time of the frame in milliseconds, null for images',
  `start_ms` bigint COMMENT 'start of the finding in milliseconds, null unless the API gives spans',
  `end_ms` bigint COMMENT 'end of the finding in milliseconds, null unless the API gives spans',
  `name` string COMMENT 'moderation label',
  `parent_name` string COMMENT 'label above it in the taxonomy, null at the top',
  `taxonomy_level` int COMMENT 'level in the taxonomy, from 1, counted from the parents for models that do not state it',
  `confidence` double COMMENT 'confidence in percent',
  `content_types` array<string> COMMENT 'kinds of content, such as Animated or Illustrated'
)
COMMENT 'Inappropriate or unwanted content, one row per label and, in videos, per time.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)',
  `media_type` string COMMENT 'image or video'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/moderation_labels/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
