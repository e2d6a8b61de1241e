-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`faces` (
  `media_id` string COMMENT 'the media asset, joins with media_assets.media_id',
  `analysis_key` string COMMENT 'the analysis it was found by, joins with analyses.analysis_key',
  `model_version` string COMMENT 'version of the Rekognition model, where the API reports one',
  `timestamp_ms` bigint COMMENT 'time of the frame in milliseconds, null for images',
  `face_index` int COMMENT 'number of the face within its image or frame',
  `confidence` double COMMENT 'confidence in percent',
  `box_left` double COMMENT 'left edge, as a ratio of the frame\'s width',
  `box_top` double COMMENT 'top edge, as a ratio of the frame\'s height',
  `box_width` double COMMENT 'width, as a ratio of the frame\'s width',
  `box_height` double COMMENT 'height, as a ratio of the frame\'s height',
  `pose_roll` double COMMENT 'roll in degrees',
  `pose_yaw` double COMMENT 'yaw in degrees',
  `pose_pitch` double COMMENT 'pitch in degrees',
  `brightness` double COMMENT 'brightness of the face, 0-100',
  `sharpness` double COMMENT 'sharpness of the face, 0-100',
  `age_low` int COMMENT 'least estimated age in years',
  `age_high` int COMMENT 'greatest estimated age in years',
  `gender` string COMMENT 'Male or Female, as the model predicts appearance',
  `gender_confidence` double COMMENT 'confidence of gender in percent',
  `smile` boolean COMMENT 'smiles, null unless attributes were asked for',
  `smile_confidence` double COMMENT 'confidence of smile in percent',
  `eyeglasses` boolean COMMENT 'wears eyeglasses, null unless attributes were asked for',
  `eyeglasses_confidence` double COMMENT 'confidence of eyeglasses in percent',
  `sunglasses` boolean COMMENT 'wears sunglasses, null unless attributes were asked for',
  `sunglasses_confidence` double COMMENT 'confidence of sunglasses in percent',
  `beard` boolean COMMENT 'has a beard, null unless attributes were asked for',
  `beard_confidence` double COMMENT 'confidence of beard in percent',
  `mustache` boolean COMMENT 'has a mustache, null unless attributes were asked for',
  `mustache_confidence` double COMMENT 'confidence of mustache in percent',
  `eyes_open` boolean COMMENT 'eyes are open, null unless attributes were asked for',
  `eyes_open_confidence` double COMMENT 'confidence of eyes_open in percent',
  `mouth_open` boolean COMMENT 'mouth is open, null unless attributes were asked for',
  `mouth_open_confidence` double COMMENT 'confidence of mouth_open in percent',
  `face_occluded` boolean COMMENT 'face is partly hidden, null unless attributes were asked for',
  `face_occluded_confidence` double COMMENT 'confidence of face_occluded in percent',
  `dominant_emotion` string COMMENT 'emotion of the greatest confidence',
  `emotions` array<struct<type:string,confidence:double>> COMMENT 'all emotions with their confidence'
)
COMMENT 'Faces and their attributes, without identity, one row per face and, in videos, per time.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)',
  `media_type` string COMMENT 'image or video'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/faces/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
