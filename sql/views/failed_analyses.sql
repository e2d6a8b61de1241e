-- Which analyses failed, why, and of which file? One row per analysis that failed, also of files that were
-- replaced since. Dag redrive_failed asks for a selection of them again. Count them by feature and error_code
-- to see what is wrong.
--
-- Columns:
--   dt, media_type, feature, operation, error_code, error_message, media_id, analysis_key: as in analyses
--   key, s3_uri, source, cost_center, duration_ms: the file, as in media_assets
-- Example:
--   SELECT feature, error_code, count(*) AS n FROM failed_analyses GROUP BY feature, error_code
CREATE OR REPLACE VIEW "${database}".failed_analyses AS
SELECT
  analyses.dt,
  analyses.media_type,
  analyses.feature,
  analyses.operation,
  analyses.error_code,
  analyses.error_message,
  assets.key,
  concat('s3://', assets.bucket, '/', assets.key) AS s3_uri,
  assets.source,
  assets.cost_center,
  assets.duration_ms,
  analyses.media_id,
  analyses.analysis_key
FROM "${database}".analyses AS analyses
JOIN "${database}".media_assets AS assets
  ON assets.dt = analyses.dt AND assets.media_type = analyses.media_type
  AND assets.media_id = analyses.media_id
WHERE analyses.status = 'failed'
