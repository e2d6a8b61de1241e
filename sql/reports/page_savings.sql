-- What was saved in each month, and how, for the cost page.
SELECT billing_month, kind, is_saving, sum(analyses) AS analyses, sum(usd) AS usd
FROM "${database}".savings
GROUP BY billing_month, kind, is_saving
ORDER BY billing_month, kind
