-- How many analyses did each day have, and how did they end? One row per day, team, source, feature, kind of
-- media, state and cause: volume, failures and re-use without a row per file.
--
-- Columns:
--   dt, media_type, feature, status, error_code: as in analyses
--   source, cost_center: as in media_assets
--   analyses: how many there are
--   units, findings: their sums
-- Example:
--   SELECT feature, error_code, analyses FROM analyses_by_day WHERE status = 'failed' AND dt = '2026-11-20'
CREATE OR REPLACE VIEW "${database}".analyses_by_day AS
SELECT
  analyses.dt,
  assets.source,
  assets.cost_center,
  analyses.media_type,
  analyses.feature,
  analyses.status,
  analyses.error_code,
  count(*) AS analyses,
  sum(analyses.units) AS units,
  sum(analyses.findings) AS findings
FROM "${database}".analyses AS analyses
JOIN "${database}".media_assets AS assets
  ON assets.dt = analyses.dt AND assets.media_type = analyses.media_type
  AND assets.media_id = analyses.media_id
GROUP BY
  analyses.dt,
  assets.source,
  assets.cost_center,
  analyses.media_type,
  analyses.feature,
  analyses.status,
  analyses.error_code
