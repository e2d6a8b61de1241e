-- What failed in a range of days, by day, source, feature and error code: analyses, each counted once however
-- many files need it, minutes of video, and one of the messages. Parameters: first day, last day.
SELECT
  dt,
  media_type,
  source,
  feature,
  error_code,
  count(*) AS analyses,
  sum(duration_ms) / 6e4 AS minutes,
  max(error_message) AS message
FROM (
  SELECT
    dt,
    media_type,
    max(source) AS source,
    feature,
    error_code,
    analysis_key,
    max(coalesce(duration_ms, 0)) AS duration_ms,
    max(error_message) AS error_message
  FROM "${database}".failed_analyses
  WHERE dt BETWEEN ? AND ?
  GROUP BY dt, media_type, feature, error_code, analysis_key
) AS failed
GROUP BY dt, media_type, source, feature, error_code
ORDER BY dt, media_type, source, feature, error_code
