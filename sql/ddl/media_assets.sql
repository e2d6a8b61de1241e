-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`media_assets` (
  `media_id` string COMMENT 'the media asset, joins with media_assets.media_id',
  `source` string COMMENT 'name of the source in lake.yaml',
  `cost_center` string COMMENT 'the team that pays, from lake.yaml',
  `bucket` string COMMENT 'S3 bucket',
  `key` string COMMENT 'S3 key, as stored, not URL-encoded',
  `version_id` string COMMENT 'S3 version id, in a bucket with versions',
  `etag` string COMMENT 'ETag without quotes',
  `size_bytes` bigint COMMENT 'size in bytes',
  `last_modified` timestamp COMMENT 'when the object was written',
  `content_id` string COMMENT 'identity of the bytes: assets with one content id are duplicates',
  `format` string COMMENT 'format found in the content, such as JPEG, PNG, MP4, null if unknown',
  `codec` string COMMENT 'video codec, such as h264',
  `width` int COMMENT 'width in pixels as stored, before any turn',
  `height` int COMMENT 'height in pixels as stored, before any turn',
  `duration_ms` bigint COMMENT 'duration of a video in milliseconds',
  `frame_rate` double COMMENT 'frames per second of a video',
  `status` string COMMENT 'what became of it',
  `reason_code` string COMMENT 'why it was rejected or failed, for programs',
  `reason` string COMMENT 'why it was rejected or failed, for people',
  `orientation` int COMMENT 'EXIF orientation of an image, as its header states it, null if it states none',
  `rotation` int COMMENT 'degrees clockwise by which a player turns an MP4 or MOV video: 0, 90, 180 or 270',
  `display_width` int COMMENT 'width in pixels as a viewer shows it, turned',
  `display_height` int COMMENT 'height in pixels as a viewer shows it, turned'
)
COMMENT 'One row per media asset of the day: what it is, where it is, and what became of it.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)',
  `media_type` string COMMENT 'image or video'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/media_assets/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
