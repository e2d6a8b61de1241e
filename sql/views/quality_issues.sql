-- Which files are of poor quality? One row per file and issue. An image is dark below a brightness of 25,
-- overexposed above 90, blurred below a sharpness of 15, and flat below a contrast of 15, each of 100; a file
-- is small if its shorter side has less than 480 pixels; black frames count from one second on. A file that
-- could not be used is unusable. Filter by value to be stricter.
--
-- Columns:
--   media_id, key, source, s3_uri, media_type, dt: the file, as in current_assets
--   issue: dark, overexposed, blurred, flat, small, black frames, unusable
--   value: brightness, sharpness, contrast, pixels of the shorter side, or seconds of black frames; null for
--     an unusable file
--   details: for an unusable file why; for black frames where they begin
--   model_version: version of the Rekognition model that measured it; null if none did
-- Example:
--   SELECT issue, count(*) AS files FROM quality_issues WHERE dt = '2026-11-20' GROUP BY issue
CREATE OR REPLACE VIEW "${database}".quality_issues AS
SELECT
  assets.media_id,
  assets.key,
  assets.source,
  assets.s3_uri,
  assets.media_type,
  issues.issue,
  issues.value,
  issues.details,
  issues.model_version,
  assets.dt
FROM (
  SELECT
    dt, media_type, media_id, model_version, 'dark' AS issue, brightness AS value,
    CAST(NULL AS varchar) AS details
  FROM "${database}".image_properties
  WHERE region = 'image' AND brightness < 25
  UNION ALL
  SELECT
    dt, media_type, media_id, model_version, 'overexposed' AS issue, brightness AS value,
    CAST(NULL AS varchar) AS details
  FROM "${database}".image_properties
  WHERE region = 'image' AND brightness > 90
  UNION ALL
  SELECT
    dt, media_type, media_id, model_version, 'blurred' AS issue, sharpness AS value,
    CAST(NULL AS varchar) AS details
  FROM "${database}".image_properties
  WHERE region = 'image' AND sharpness < 15
  UNION ALL
  SELECT
    dt, media_type, media_id, model_version, 'flat' AS issue, contrast AS value,
    CAST(NULL AS varchar) AS details
  FROM "${database}".image_properties
  WHERE region = 'image' AND contrast < 15
  UNION ALL
  SELECT
    dt, media_type, media_id, CAST(NULL AS varchar) AS model_version, 'small' AS issue,
    CAST(least(width, height) AS double) AS value, CAST(NULL AS varchar) AS details
  FROM "${database}".media_assets
  WHERE least(width, height) < 480
  UNION ALL
  SELECT
    dt, media_type, media_id, model_version, 'black frames' AS issue, duration_ms / 1e3 AS value,
    start_timecode AS details
  FROM "${database}".segments
  WHERE cue_type = 'BlackFrames' AND duration_ms >= 1000
  UNION ALL
  SELECT
    dt, media_type, media_id, CAST(NULL AS varchar) AS model_version, 'unusable' AS issue,
    CAST(NULL AS double) AS value, reason AS details
  FROM "${database}".media_assets
  WHERE status = 'rejected'
) AS issues
JOIN "${database}".current_assets AS assets
  ON assets.dt = issues.dt AND assets.media_type = issues.media_type AND assets.media_id = issues.media_id
