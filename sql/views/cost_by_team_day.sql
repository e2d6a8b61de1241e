-- What each team used, paid and saved by re-use, by day of use (UTC), feature and media type. Units are
-- images, minutes of video, or hours of a Custom Labels model.
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
