-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`moderation_reviews` (
  `media_id` string COMMENT 'the media asset, joins with media_assets.media_id',
  `media_type` string COMMENT 'image or video',
  `content_id` string COMMENT 'identity of the bytes: duplicates have the same',
  `feature` string COMMENT 'feature whose findings were judged',
  `label` string COMMENT 'most confident label of the file at that time',
  `confidence` double COMMENT 'its confidence in percent',
  `timestamp_ms` bigint COMMENT 'where it is in a video, null for images',
  `model_version` string COMMENT 'version of the Rekognition model that found it',
  `decision` string COMMENT 'approve: the file may be used, reject: it must not',
  `reason` string COMMENT 'why, in the words of the person',
  `decided_by` string COMMENT 'name of the person in Airflow',
  `decided_at` timestamp COMMENT 'when the person answered',
  `dag_id` string COMMENT 'Dag that asked',
  `run_id` string COMMENT 'Dag run that asked'
)
COMMENT 'One row per decision of a person about a file with moderation labels, the latest of a file counts.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/moderation_reviews/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
