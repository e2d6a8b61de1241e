-- Who was found in a file, image or video? Sensitive, as are the tables that it reads; all else is in
-- asset_findings. One row per finding, also of versions that were replaced since: leave them out with WHERE
-- is_current.
--
-- Columns:
--   media_id, key, source, s3_uri, media_type, is_current, dt: the file, as in asset_versions
--   kind: one of: faces, celebrity, face match, person
--   what: the finding in words, such as the name of a label or the text of a line
--   confidence: confidence or similarity in percent; null where there is none
--   start_ms, end_ms: when in a video, in milliseconds from its start; null for images, and end_ms unless
--     the API gives spans
--   model_version: version of the Rekognition model, where the API reports one
-- Example:
--   SELECT kind, what, confidence, start_ms FROM people_findings
--   WHERE s3_uri = 's3://media-lake/raw/cat.png' ORDER BY kind, start_ms
-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE OR REPLACE VIEW "${database}".people_findings AS
SELECT
  assets.media_id,
  assets.key,
  assets.source,
  assets.s3_uri,
  assets.media_type,
  assets.is_current,
  found.kind,
  found.what,
  found.confidence,
  found.start_ms,
  found.end_ms,
  found.model_version,
  assets.dt
FROM (
  SELECT
    dt,
    media_type,
    media_id,
    'faces' AS kind,
    CASE WHEN count(*) = 1 THEN '1 face' ELSE concat(CAST(count(*) AS varchar), ' faces') END AS what,
    max(confidence) AS confidence,
    timestamp_ms AS start_ms,
    CAST(NULL AS bigint) AS end_ms,
    model_version
  FROM "${database}".faces
  GROUP BY dt, media_type, media_id, model_version, timestamp_ms
  UNION ALL
  SELECT
    dt,
    media_type,
    media_id,
    'celebrity' AS kind,
    name AS what,
    confidence,
    timestamp_ms AS start_ms,
    CAST(NULL AS bigint) AS end_ms,
    model_version
  FROM "${database}".celebrities
  UNION ALL
  SELECT
    dt,
    media_type,
    media_id,
    'face match' AS kind,
    coalesce(external_image_id, face_id) AS what,
    similarity AS confidence,
    timestamp_ms AS start_ms,
    CAST(NULL AS bigint) AS end_ms,
    model_version
  FROM "${database}".face_matches
  UNION ALL
  SELECT
    dt,
    media_type,
    media_id,
    'person' AS kind,
    concat('Person ', CAST(person_index AS varchar)) AS what,
    face_confidence AS confidence,
    timestamp_ms AS start_ms,
    CAST(NULL AS bigint) AS end_ms,
    model_version
  FROM "${database}".persons
) AS found
JOIN "${database}".asset_versions AS assets
  ON assets.dt = found.dt AND assets.media_type = found.media_type AND assets.media_id = found.media_id
