-- Who was found in videos, on one time line? One row per finding of people_findings. Sensitive, as are the
-- tables that it reads. Read it with ORDER BY media_id, start_ms.
--
-- Columns:
--   media_id, key, source, s3_uri, dt: the video, as in current_assets
--   start_ms: when, in milliseconds from the start
--   kind, confidence: as in people_findings
--   who: the person, or how many faces
--   model_version: version of the Rekognition model, where the API reports one
-- Example:
--   SELECT start_ms, who FROM people_moments WHERE kind = 'celebrity' ORDER BY media_id, start_ms
CREATE OR REPLACE VIEW "${database}".people_moments AS
SELECT
  media_id,
  key,
  source,
  s3_uri,
  start_ms,
  kind,
  what AS who,
  confidence,
  model_version,
  dt
FROM "${database}".people_findings
WHERE media_type = 'video' AND is_current
