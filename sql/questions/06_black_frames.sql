-- Which videos have black frames, and for how long?
SELECT s3_uri, details AS from_timecode, value AS seconds
FROM quality_issues
WHERE issue = 'black frames'
ORDER BY s3_uri, details
