-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE EXTERNAL TABLE IF NOT EXISTS `${database}`.`image_properties` (
  `media_id` string COMMENT 'the media asset, joins with media_assets.media_id',
  `analysis_key` string COMMENT 'the analysis it was found by, joins with analyses.analysis_key',
  `model_version` string COMMENT 'version of the Rekognition model, where the API reports one',
  `region` string COMMENT 'image, foreground or background',
  `brightness` double COMMENT 'brightness, 0-100',
  `sharpness` double COMMENT 'sharpness, 0-100',
  `contrast` double COMMENT 'contrast, 0-100, null for a foreground or background',
  `dominant_colors` array<struct<hex_code:string,css_color:string,simplified_color:string,red:int,green:int,blue:int,pixel_percent:double>> COMMENT 'colors, the most frequent first, with their share of the region\'s pixels in percent'
)
COMMENT 'Dominant colors and quality of an image, one row for the whole image and, where the API tells them apart, one for its foreground and one for its background.'
PARTITIONED BY (
  `dt` string COMMENT 'day of the lake, YYYY-MM-DD (the Dag run\'s partition key)',
  `media_type` string COMMENT 'image or video'
)
STORED AS PARQUET
LOCATION 's3://${bucket}/curated/image_properties/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
