-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`protective_equipment` (
  `media_id` string COMMENT 'the media asset, joins with media_assets.media_id',
  `analysis_key` string COMMENT 'the analysis it was found by, joins with analyses.analysis_key',
  `model_version` string COMMENT 'version of the Rekognition model, where the API reports one',
  `person_id` int COMMENT 'number of the person within the image',
  `confidence` double COMMENT 'confidence in percent that it is a person',
  `body_part` string COMMENT 'FACE, HEAD, LEFT_HAND or RIGHT_HAND, null if none of them was found',
  `body_part_confidence` double COMMENT 'confidence of body_part in percent',
  `equipment` string COMMENT 'HEAD_COVER, FACE_COVER or HAND_COVER, null if the part has none',
  `equipment_confidence` double COMMENT 'confidence of equipment in percent',
  `covers_body_part` boolean COMMENT 'whether the item covers the body part',
  `covers_body_part_confidence` double COMMENT 'confidence of covers_body_part in percent',
  `box_left` double COMMENT 'left edge, as a ratio of the frame\'s width',
  `box_top` double COMMENT 'top edge, as a ratio of the frame\'s height',
  `box_width` double COMMENT 'width, as a ratio of the frame\'s width',
  `box_height` double COMMENT 'height, as a ratio of the frame\'s height',
  `equipment_box_left` double COMMENT 'left edge of the item, as a ratio of the frame\'s width',
  `equipment_box_top` double COMMENT 'top edge of the item, as a ratio of the frame\'s height',
  `equipment_box_width` double COMMENT 'width of the item, as a ratio of the frame\'s width',
  `equipment_box_height` double COMMENT 'height of the item, as a ratio of the frame\'s height'
)
COMMENT 'Protective equipment, one row per person, body part and item, also for parts and persons without any.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)',
  `media_type` string COMMENT 'image or video'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/protective_equipment/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
