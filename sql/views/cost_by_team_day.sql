-- What did each team use, pay and save by re-use? One row per day of use (UTC), team, feature and media type.
--
-- Columns:
--   usage_date, cost_center, feature, media_type: as in costs_daily
--   units: images, minutes of video, or hours of a Custom Labels model
--   usd: dollars paid
--   saved_usd: dollars that re-use saved
-- Example:
--   SELECT cost_center, sum(usd) AS usd FROM cost_by_team_day
--   WHERE usage_date >= date '2026-11-01' GROUP BY cost_center
CREATE OR REPLACE VIEW "${database}".cost_by_team_day AS
SELECT
  usage_date,
  cost_center,
  feature,
  media_type,
  sum(units) AS units,
  sum(usd) AS usd,
  sum(saved_usd) AS saved_usd
FROM "${database}".costs_daily
GROUP BY usage_date, cost_center, feature, media_type
