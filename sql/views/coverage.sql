-- Which files were analyzed for a feature, and which were not asked for it? One row per file and feature
-- that its kind of media offers. A file without an analysis is *not yet* analyzed if its source asks for
-- the feature, which its newest day shows, and *not asked* otherwise. Days that were discovered but never
-- published are not in the tables, so they are not here.
--
-- Columns:
--   media_id, key, source, s3_uri, media_type, dt: the file, as in current_assets
--   feature: feature of the registry
--   state: done, failed, rejected (the file cannot be analyzed), not yet, not asked
--   error_code, error_message, model_version, findings, completed_at: as in analyses
-- Example:
--   SELECT feature, state, count(*) AS files FROM coverage
--   WHERE source = 'archive' GROUP BY feature, state
-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE OR REPLACE VIEW "${database}".coverage AS
SELECT
  assets.media_id,
  assets.key,
  assets.source,
  assets.s3_uri,
  assets.media_type,
  features.feature,
  CASE
    WHEN analyses.status IN ('succeeded', 'reused') THEN 'done'
    WHEN analyses.status IN ('failed', 'rejected') THEN analyses.status
    WHEN analyses.status = 'stopped' OR asked.feature IS NOT NULL THEN 'not yet'
    ELSE 'not asked'
  END AS state,
  analyses.error_code,
  analyses.error_message,
  analyses.model_version,
  analyses.findings,
  analyses.completed_at,
  assets.dt
FROM "${database}".current_assets AS assets
JOIN (
  VALUES
    ('image', 'labels'),
    ('image', 'image_properties'),
    ('image', 'moderation'),
    ('image', 'text'),
    ('image', 'faces'),
    ('image', 'celebrities'),
    ('image', 'face_search'),
    ('image', 'protective_equipment'),
    ('image', 'custom_labels'),
    ('video', 'labels'),
    ('video', 'moderation'),
    ('video', 'text'),
    ('video', 'faces'),
    ('video', 'celebrities'),
    ('video', 'face_search'),
    ('video', 'segments')
) AS features (media_type, feature)
  ON features.media_type = assets.media_type
LEFT JOIN "${database}".analyses AS analyses
  ON analyses.dt = assets.dt AND analyses.media_type = assets.media_type
  AND analyses.media_id = assets.media_id AND analyses.feature = features.feature
LEFT JOIN (
  SELECT source, media_type, feature
  FROM (
    SELECT
      assets.source,
      assets.media_type,
      analyses.feature,
      max(assets.dt) AS last_day,
      max(max(assets.dt)) OVER (PARTITION BY assets.source, assets.media_type) AS newest_day
    FROM "${database}".media_assets AS assets
    JOIN "${database}".analyses AS analyses
      ON analyses.dt = assets.dt AND analyses.media_type = assets.media_type
      AND analyses.media_id = assets.media_id
    GROUP BY assets.source, assets.media_type, analyses.feature
  ) AS days
  WHERE last_day = newest_day
) AS asked
  ON asked.source = assets.source AND asked.media_type = assets.media_type
  AND asked.feature = features.feature
