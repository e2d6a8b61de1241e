-- The days on which a feature cost a team much more than usual, for the cost page.
SELECT date_format(usage_date, '%Y-%m') AS billing_month, usage_date, cost_center, feature, usd, usual_usd
FROM "${database}".cost_anomalies
WHERE is_anomaly
ORDER BY usage_date, cost_center, feature
