-- What is known about one file?
SELECT kind, what, confidence, start_ms, end_ms
FROM asset_findings
WHERE s3_uri = 's3://media-lake/raw/site/scaffold.jpg' AND is_current
ORDER BY kind, what
