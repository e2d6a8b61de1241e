-- Analyses that budgets stopped, by day, media type and cost center.
SELECT
  analyses.dt,
  analyses.media_type,
  assets.cost_center,
  count(DISTINCT analyses.analysis_key) AS analyses
FROM "${database}".analyses AS analyses
JOIN "${database}".media_assets AS assets
  ON assets.dt = analyses.dt AND assets.media_type = analyses.media_type
  AND assets.media_id = analyses.media_id
WHERE analyses.status = 'stopped' AND analyses.error_code = 'BudgetReached'
GROUP BY analyses.dt, analyses.media_type, assets.cost_center
ORDER BY analyses.dt, analyses.media_type, assets.cost_center
