-- Which files show violence with a confidence above 80 percent, and where?
SELECT s3_uri, start_ms, confidence
FROM asset_findings
WHERE kind = 'moderation' AND what = 'Violence' AND confidence > 80 AND is_current
ORDER BY confidence DESC
