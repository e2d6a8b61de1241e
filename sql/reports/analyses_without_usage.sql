-- Analyses that AWS has done and that no line of usage pays for, by day and feature. A video job whose results
-- expired before they were collected was done, too; it counts on its day of the lake. Parameters: the first
-- instant, and the instant after the last.
SELECT
  done.usage_date,
  done.feature,
  done.media_type,
  sum(done.units) AS units
FROM (
  SELECT
    CAST(coalesce(analyses.completed_at, CAST(analyses.dt AS timestamp)) AS date) AS usage_date,
    analyses.feature,
    analyses.media_type,
    analyses.analysis_key,
    max(CASE WHEN analyses.media_type = 'video' THEN assets.duration_ms / 6e4 ELSE 1e0 END) AS units
  FROM "${database}".analyses AS analyses
  JOIN "${database}".media_assets AS assets
    ON assets.dt = analyses.dt AND assets.media_type = analyses.media_type
    AND assets.media_id = analyses.media_id
  WHERE (analyses.status = 'succeeded' OR analyses.error_code = 'ResultsExpired')
    AND coalesce(analyses.completed_at, CAST(analyses.dt AS timestamp)) >= CAST(? AS timestamp)
    AND coalesce(analyses.completed_at, CAST(analyses.dt AS timestamp)) < CAST(? AS timestamp)
  GROUP BY 1, analyses.feature, analyses.media_type, analyses.analysis_key
) AS done
LEFT JOIN (SELECT DISTINCT analysis_key FROM "${database}".usage WHERE NOT reused) AS paid
  ON paid.analysis_key = done.analysis_key
WHERE paid.analysis_key IS NULL
GROUP BY done.usage_date, done.feature, done.media_type
