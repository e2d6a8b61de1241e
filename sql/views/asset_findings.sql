-- What was found in a file, image or video? People are in people_findings. One row per finding, also of
-- versions that were replaced since: leave them out with WHERE is_current.
--
-- Columns:
--   media_id, key, source, s3_uri, media_type, is_current, dt: the file, as in asset_versions
--   kind: one of: label, image quality, moderation, text, equipment, custom label, shot, technical cue
--   what: the finding in words, such as the name of a label or the text of a line
--   confidence: confidence or similarity in percent; null where there is none
--   start_ms, end_ms: when in a video, in milliseconds from its start; null for images, and end_ms unless
--     the API gives spans
--   model_version: version of the Rekognition model, where the API reports one
-- Example:
--   SELECT kind, what, confidence, start_ms FROM asset_findings
--   WHERE s3_uri = 's3://media-lake/raw/cat.png' ORDER BY kind, start_ms
-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE OR REPLACE VIEW "${database}".asset_findings AS
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
    'label' AS kind,
    name AS what,
    confidence,
    coalesce(timestamp_ms, start_ms) AS start_ms,
    end_ms,
    model_version
  FROM "${database}".labels
  UNION ALL
  SELECT
    dt,
    media_type,
    media_id,
    'image quality' AS kind,
    concat(region, ': brightness ', coalesce(CAST(CAST(round(brightness) AS int) AS varchar), 'unknown'), ', sharpness ', coalesce(CAST(CAST(round(sharpness) AS int) AS varchar), 'unknown')) AS what,
    CAST(NULL AS double) AS confidence,
    CAST(NULL AS bigint) AS start_ms,
    CAST(NULL AS bigint) AS end_ms,
    model_version
  FROM "${database}".image_properties
  UNION ALL
  SELECT
    dt,
    media_type,
    media_id,
    'moderation' AS kind,
    name AS what,
    confidence,
    coalesce(timestamp_ms, start_ms) AS start_ms,
    end_ms,
    model_version
  FROM "${database}".moderation_labels
  UNION ALL
  SELECT
    dt,
    media_type,
    media_id,
    'text' AS kind,
    text AS what,
    confidence,
    timestamp_ms AS start_ms,
    CAST(NULL AS bigint) AS end_ms,
    model_version
  FROM "${database}".texts
  WHERE type = 'LINE'
  UNION ALL
  SELECT
    dt,
    media_type,
    media_id,
    'equipment' AS kind,
    concat('Person ', CAST(person_id AS varchar), coalesce(concat(', ', body_part, ': ', coalesce(equipment, 'none')), '')) AS what,
    confidence,
    CAST(NULL AS bigint) AS start_ms,
    CAST(NULL AS bigint) AS end_ms,
    model_version
  FROM "${database}".protective_equipment
  UNION ALL
  SELECT
    dt,
    media_type,
    media_id,
    'custom label' AS kind,
    name AS what,
    confidence,
    CAST(NULL AS bigint) AS start_ms,
    CAST(NULL AS bigint) AS end_ms,
    model_version
  FROM "${database}".custom_labels
  UNION ALL
  SELECT
    dt,
    media_type,
    media_id,
    'shot' AS kind,
    concat('Shot ', CAST(shot_index AS varchar)) AS what,
    confidence,
    start_ms,
    end_ms,
    model_version
  FROM "${database}".segments
  WHERE type = 'SHOT'
  UNION ALL
  SELECT
    dt,
    media_type,
    media_id,
    'technical cue' AS kind,
    cue_type AS what,
    confidence,
    start_ms,
    end_ms,
    model_version
  FROM "${database}".segments
  WHERE type = 'TECHNICAL_CUE'
) AS found
JOIN "${database}".asset_versions AS assets
  ON assets.dt = found.dt AND assets.media_type = found.media_type AND assets.media_id = found.media_id
