-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`persons` (
  `media_id` string COMMENT 'the media asset, joins with media_assets.media_id',
  `analysis_key` string COMMENT 'the analysis it was found by, joins with analyses.analysis_key',
  `model_version` string COMMENT 'version of the Rekognition model, where the API reports one',
  `timestamp_ms` bigint COMMENT 'time of the frame in milliseconds, null for images',
  `person_index` bigint COMMENT 'number of the person within the video',
  `box_left` double COMMENT 'left edge, as a ratio of the frame\'s width',
  `box_top` double COMMENT 'top edge, as a ratio of the frame\'s height',
  `box_width` double COMMENT 'width, as a ratio of the frame\'s width',
  `box_height` double COMMENT 'height, as a ratio of the frame\'s height',
  `face_confidence` double COMMENT 'confidence in percent that it has a face',
  `face_box_left` double COMMENT 'left edge of the person\'s face, as a ratio of the frame\'s width',
  `face_box_top` double COMMENT 'top edge of the person\'s face, as a ratio of the frame\'s height',
  `face_box_width` double COMMENT 'width of the person\'s face, as a ratio of the frame\'s width',
  `face_box_height` double COMMENT 'height of the person\'s face, as a ratio of the frame\'s height'
)
COMMENT 'Paths of people through a video, from archived responses of people pathing, which AWS ended, one row per person and time.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)',
  `media_type` string COMMENT 'image or video'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/persons/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
