-- What failed, and why?
SELECT feature, error_code, count(*) AS analyses, min(s3_uri) AS for_example
FROM failed_analyses
WHERE dt BETWEEN '2026-11-01' AND '2026-11-30'
GROUP BY feature, error_code
ORDER BY analyses DESC
