-- How much screen time does each celebrity have?
SELECT celebrity, s3_uri, sum(seconds) AS seconds
FROM celebrity_spans
GROUP BY celebrity, s3_uri
ORDER BY seconds DESC
