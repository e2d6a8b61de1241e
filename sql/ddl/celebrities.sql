-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`celebrities` (
  `media_id` string COMMENT 'the media asset, joins with media_assets.media_id',
  `analysis_key` string COMMENT 'the analysis it was found by, joins with analyses.analysis_key',
  `model_version` string COMMENT 'version of the Rekognition model, where the API reports one',
  `timestamp_ms` bigint COMMENT 'time of the frame in milliseconds, null for images',
  `celebrity_id` string COMMENT 'Rekognition\'s identifier of the person',
  `name` string COMMENT 'name of the person',
  `confidence` double COMMENT 'confidence in percent that it is this person',
  `urls` array<string> COMMENT 'pages about the person',
  `known_gender` string COMMENT 'gender of the person as publicly known',
  `face_confidence` double COMMENT 'confidence in percent that it is a face',
  `box_left` double COMMENT 'left edge, as a ratio of the frame\'s width',
  `box_top` double COMMENT 'top edge, as a ratio of the frame\'s height',
  `box_width` double COMMENT 'width, as a ratio of the frame\'s width',
  `box_height` double COMMENT 'height, as a ratio of the frame\'s height',
  `body_box_left` double COMMENT 'left edge of the person\'s body, as a ratio of the frame\'s width',
  `body_box_top` double COMMENT 'top edge of the person\'s body, as a ratio of the frame\'s height',
  `body_box_width` double COMMENT 'width of the person\'s body, as a ratio of the frame\'s width',
  `body_box_height` double COMMENT 'height of the person\'s body, as a ratio of the frame\'s height'
)
COMMENT 'Well-known people, one row per person and, in videos, per time.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)',
  `media_type` string COMMENT 'image or video'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/celebrities/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
