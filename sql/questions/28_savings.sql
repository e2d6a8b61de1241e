-- What did the lake save, and how?
SELECT kind, is_saving, sum(analyses) AS analyses, round(sum(usd), 4) AS usd
FROM savings
WHERE billing_month = '2026-11'
GROUP BY kind, is_saving
ORDER BY usd DESC
