-- How much of what a source brings in is unsafe, day by day? One row per day, source and kind of media with
-- files that were moderated.
--
-- Columns:
--   dt, source, media_type: what is counted
--   checked_assets: files that were moderated
--   flagged_assets: files with a moderation label
--   flagged_percent: flagged_assets in percent of checked_assets
--   confident_assets: files with a moderation label of 80 percent or more
--   top_label: label of the greatest confidence, as in moderation_queue
--   top_confidence: its confidence in percent
-- Example:
--   SELECT dt, source, flagged_percent, top_label FROM safety_by_source_day WHERE dt >= '2026-11-01'
CREATE OR REPLACE VIEW "${database}".safety_by_source_day AS
SELECT
  assets.dt,
  assets.source,
  assets.media_type,
  count(*) AS checked_assets,
  count(found.confidence) AS flagged_assets,
  100e0 * count(found.confidence) / count(*) AS flagged_percent,
  count(CASE WHEN found.confidence >= 80 THEN 1 END) AS confident_assets,
  max_by(found.label, ROW(found.confidence, found.label)) FILTER (WHERE found.label IS NOT NULL) AS top_label,
  max(found.confidence) AS top_confidence
FROM "${database}".current_assets AS assets
JOIN "${database}".analyses AS analyses
  ON analyses.dt = assets.dt AND analyses.media_type = assets.media_type
  AND analyses.media_id = assets.media_id
LEFT JOIN "${database}".moderation_queue AS found
  ON found.dt = assets.dt AND found.media_type = assets.media_type AND found.media_id = assets.media_id
WHERE analyses.feature = 'moderation' AND analyses.status IN ('succeeded', 'reused')
GROUP BY assets.dt, assets.source, assets.media_type
