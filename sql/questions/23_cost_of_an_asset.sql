-- Which files cost most, and what did re-use save?
SELECT s3_uri, paid_analyses, reused_analyses, usd, saved_usd
FROM cost_by_asset
ORDER BY usd DESC, s3_uri
LIMIT 4
