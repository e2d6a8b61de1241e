-- What does each source cost in a month?
SELECT source, cost_center, media_type, round(usd, 4) AS usd, round(share_percent, 1) AS percent
FROM cost_by_source
WHERE billing_month = '2026-11'
ORDER BY usd DESC
