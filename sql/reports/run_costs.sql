-- What each Dag run paid for and what it reused, over a range of days. Parameters: first day, last day.
-- The hours in which a Custom Labels model ran have a price, but are no analysis.
SELECT
  run_id,
  reused,
  count(
    DISTINCT CASE WHEN operation <> 'StartProjectVersion' THEN concat(media_id, analysis_key) END
  ) AS analyses,
  sum(units) AS units,
  sum(usd) AS usd,
  sum(saved_usd) AS saved_usd
FROM "${database}".usage
WHERE dt BETWEEN ? AND ?
GROUP BY run_id, reused
