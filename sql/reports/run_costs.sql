-- What each Dag run paid for and what it reused, over a range of days. Parameters: first day, last day.
SELECT run_id, reused, count(DISTINCT concat(media_id, analysis_key)) AS analyses, sum(units) AS units, sum(usd) AS usd, sum(saved_usd) AS saved_usd
FROM "${database}".usage
WHERE dt BETWEEN ? AND ?
GROUP BY run_id, reused
