-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`segments` (
  `media_id` string COMMENT 'the media asset, joins with media_assets.media_id',
  `analysis_key` string COMMENT 'the analysis it was found by, joins with analyses.analysis_key',
  `model_version` string COMMENT 'version of the Rekognition model, where the API reports one',
  `type` string COMMENT 'SHOT or TECHNICAL_CUE',
  `cue_type` string COMMENT 'kind of technical cue, such as BlackFrames, null for shots',
  `shot_index` bigint COMMENT 'number of the shot, null for cues',
  `start_ms` bigint COMMENT 'start in milliseconds',
  `end_ms` bigint COMMENT 'end in milliseconds',
  `duration_ms` bigint COMMENT 'duration in milliseconds',
  `start_frame` bigint COMMENT 'first frame',
  `end_frame` bigint COMMENT 'last frame',
  `duration_frames` bigint COMMENT 'number of frames',
  `start_timecode` string COMMENT 'start as SMPTE time code',
  `end_timecode` string COMMENT 'end as SMPTE time code',
  `confidence` double COMMENT 'confidence in percent'
)
COMMENT 'Shots and technical cues of a video.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)',
  `media_type` string COMMENT 'image or video'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/segments/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
