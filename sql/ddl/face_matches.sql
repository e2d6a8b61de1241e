-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`face_matches` (
  `media_id` string COMMENT 'the media asset, joins with media_assets.media_id',
  `analysis_key` string COMMENT 'the analysis it was found by, joins with analyses.analysis_key',
  `model_version` string COMMENT 'version of the Rekognition model, where the API reports one',
  `timestamp_ms` bigint COMMENT 'time of the frame in milliseconds, null for images',
  `person_index` bigint COMMENT 'number of the person within the video, null for images',
  `similarity` double COMMENT 'similarity of the two faces in percent',
  `face_id` string COMMENT 'matching face of the collection',
  `external_image_id` string COMMENT 'name that was given to the matching face\'s image',
  `image_id` string COMMENT 'image of the collection that the matching face is from',
  `confidence` double COMMENT 'confidence in percent that the matching face is a face',
  `box_left` double COMMENT 'left edge, as a ratio of the frame\'s width',
  `box_top` double COMMENT 'top edge, as a ratio of the frame\'s height',
  `box_width` double COMMENT 'width, as a ratio of the frame\'s width',
  `box_height` double COMMENT 'height, as a ratio of the frame\'s height',
  `matched_box_left` double COMMENT 'left edge of the matching face, in its own image, as a ratio of the frame\'s width',
  `matched_box_top` double COMMENT 'top edge of the matching face, in its own image, as a ratio of the frame\'s height',
  `matched_box_width` double COMMENT 'width of the matching face, in its own image, as a ratio of the frame\'s width',
  `matched_box_height` double COMMENT 'height of the matching face, in its own image, as a ratio of the frame\'s height'
)
COMMENT 'Faces that match one of a collection or of another image, one row per match and, in videos, per time.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)',
  `media_type` string COMMENT 'image or video'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/face_matches/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
