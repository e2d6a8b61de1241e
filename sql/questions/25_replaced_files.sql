-- Which files were replaced, and what was found in them before?
SELECT s3_uri, dt, what, confidence
FROM asset_findings
WHERE NOT is_current AND kind = 'label'
ORDER BY s3_uri, dt, confidence DESC
