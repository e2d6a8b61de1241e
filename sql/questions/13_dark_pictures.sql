-- Which pictures are dark?
SELECT s3_uri, value AS brightness
FROM quality_issues
WHERE issue = 'dark'
ORDER BY brightness
