-- What did a file cost, and what did re-use save? One row per version of a file and day, also of versions
-- that were replaced since: they were paid for. The hours of a Custom Labels model are no file's.
--
-- Columns:
--   media_id, media_type, source, cost_center, dt: whose costs they are, as in usage
--   key, s3_uri, is_current: the file, as in asset_versions; null if its day no longer has it
--   paid_analyses, reused_analyses: how many analyses were paid for, and how many reused
--   usd: dollars paid
--   saved_usd: dollars that re-use saved
--   last_used_at: when something of the file was last paid for or reused
-- Example:
--   SELECT s3_uri, sum(usd) AS usd FROM cost_by_asset GROUP BY s3_uri ORDER BY usd DESC LIMIT 20
CREATE OR REPLACE VIEW "${database}".cost_by_asset AS
SELECT
  costs.media_id,
  costs.media_type,
  assets.key,
  costs.source,
  costs.cost_center,
  assets.s3_uri,
  assets.is_current,
  costs.paid_analyses,
  costs.reused_analyses,
  costs.usd,
  costs.saved_usd,
  costs.last_used_at,
  costs.dt
FROM (
  SELECT
    dt,
    media_type,
    media_id,
    source,
    cost_center,
    count(DISTINCT CASE WHEN NOT reused THEN analysis_key END) AS paid_analyses,
    count(DISTINCT CASE WHEN reused THEN analysis_key END) AS reused_analyses,
    sum(usd) AS usd,
    sum(saved_usd) AS saved_usd,
    max(at) AS last_used_at
  FROM "${database}".usage
  WHERE operation <> 'StartProjectVersion'
  GROUP BY dt, media_type, media_id, source, cost_center
) AS costs
LEFT JOIN "${database}".asset_versions AS assets
  ON assets.dt = costs.dt AND assets.media_type = costs.media_type AND assets.media_id = costs.media_id
