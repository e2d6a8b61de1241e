-- Where can a text be read? One row per line of text, in images and videos.
--
-- Columns:
--   media_id, key, source, s3_uri, media_type, dt: the file, as in current_assets
--   text: the line as read
--   search_text: the same in lower case, to search in
--   timestamp_ms: time of the frame in milliseconds; null for images
--   confidence: confidence in percent
--   box_left, box_top, box_width, box_height: where, as ratios of the frame
--   model_version: version of the Rekognition model
-- Example:
--   SELECT s3_uri, timestamp_ms, text FROM text_search WHERE search_text LIKE '%sale%'
CREATE OR REPLACE VIEW "${database}".text_search AS
SELECT
  assets.media_id,
  assets.key,
  assets.source,
  assets.s3_uri,
  assets.media_type,
  texts.text,
  lower(texts.text) AS search_text,
  texts.timestamp_ms,
  texts.confidence,
  texts.box_left,
  texts.box_top,
  texts.box_width,
  texts.box_height,
  texts.model_version,
  assets.dt
FROM "${database}".texts AS texts
JOIN "${database}".current_assets AS assets
  ON assets.dt = texts.dt AND assets.media_type = texts.media_type AND assets.media_id = texts.media_id
WHERE texts.type = 'LINE'
