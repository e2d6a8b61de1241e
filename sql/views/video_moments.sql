-- What was found in videos, on one time line? One row per finding of asset_findings; people are in
-- people_moments. Read it with ORDER BY media_id, start_ms.
--
-- Columns:
--   media_id, key, source, s3_uri, dt: the video, as in current_assets
--   start_ms, end_ms: when, in milliseconds from the start; end_ms is null unless the API gives spans
--   kind, what, confidence: as in asset_findings
--   model_version: version of the Rekognition model, where the API reports one
-- Example:
--   SELECT start_ms, kind, what FROM video_moments WHERE key LIKE '%/clip.mp4' ORDER BY start_ms
CREATE OR REPLACE VIEW "${database}".video_moments AS
SELECT
  media_id,
  key,
  source,
  s3_uri,
  start_ms,
  end_ms,
  kind,
  what,
  confidence,
  model_version,
  dt
FROM "${database}".asset_findings
WHERE media_type = 'video' AND is_current
