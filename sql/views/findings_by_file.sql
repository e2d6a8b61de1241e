-- How many findings did each feature give for each file? One row per file. A column is null where the
-- source does not ask for the feature, or where the analysis failed or was rejected (see coverage).
--
-- Columns:
--   media_id, key, source, s3_uri, media_type, status, dt: the file, as in current_assets
--   labels, image_properties, moderation, text, faces, celebrities, face_search, protective_equipment,
--     custom_labels, segments: rows that the feature gave in its table
-- Example:
--   SELECT key, labels, text FROM findings_by_file WHERE dt = '2026-11-20' ORDER BY key
-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE OR REPLACE VIEW "${database}".findings_by_file AS
SELECT
  assets.media_id,
  assets.key,
  assets.source,
  assets.s3_uri,
  assets.media_type,
  assets.status,
  max(CASE WHEN analyses.feature = 'labels' THEN analyses.findings END) AS labels,
  max(CASE WHEN analyses.feature = 'image_properties' THEN analyses.findings END) AS image_properties,
  max(CASE WHEN analyses.feature = 'moderation' THEN analyses.findings END) AS moderation,
  max(CASE WHEN analyses.feature = 'text' THEN analyses.findings END) AS text,
  max(CASE WHEN analyses.feature = 'faces' THEN analyses.findings END) AS faces,
  max(CASE WHEN analyses.feature = 'celebrities' THEN analyses.findings END) AS celebrities,
  max(CASE WHEN analyses.feature = 'face_search' THEN analyses.findings END) AS face_search,
  max(CASE WHEN analyses.feature = 'protective_equipment' THEN analyses.findings END) AS protective_equipment,
  max(CASE WHEN analyses.feature = 'custom_labels' THEN analyses.findings END) AS custom_labels,
  max(CASE WHEN analyses.feature = 'segments' THEN analyses.findings END) AS segments,
  assets.dt
FROM "${database}".current_assets AS assets
LEFT JOIN "${database}".analyses AS analyses
  ON analyses.dt = assets.dt AND analyses.media_type = assets.media_type
  AND analyses.media_id = assets.media_id AND analyses.status IN ('succeeded', 'reused')
GROUP BY
  assets.dt, assets.media_type, assets.media_id, assets.key, assets.source, assets.s3_uri, assets.status
