-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`texts` (
  `media_id` string COMMENT 'the media asset, joins with media_assets.media_id',
  `analysis_key` string COMMENT 'the analysis it was found by, joins with analyses.analysis_key',
  `model_version` string COMMENT 'version of the Rekognition model, where the API reports one',
  `timestamp_ms` bigint COMMENT 'time of the frame in milliseconds, null for images',
  `text` string COMMENT 'the text as read',
  `type` string COMMENT 'LINE or WORD',
  `text_id` int COMMENT 'number of the detection within its frame',
  `parent_id` int COMMENT 'for a word, the text_id of its line',
  `confidence` double COMMENT 'confidence in percent',
  `box_left` double COMMENT 'left edge, as a ratio of the frame\'s width',
  `box_top` double COMMENT 'top edge, as a ratio of the frame\'s height',
  `box_width` double COMMENT 'width, as a ratio of the frame\'s width',
  `box_height` double COMMENT 'height, as a ratio of the frame\'s height',
  `polygon` array<struct<x:double,y:double>> COMMENT 'corners of the text, as ratios of the frame'
)
COMMENT 'Text that can be read, one row per line or word and, in videos, per time.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)',
  `media_type` string COMMENT 'image or video'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/texts/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
