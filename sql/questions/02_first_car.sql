-- When does the first car appear in each video?
SELECT s3_uri, min(start_ms) / 1e3 AS first_second
FROM label_spans
WHERE label = 'Car'
GROUP BY s3_uri
ORDER BY s3_uri
