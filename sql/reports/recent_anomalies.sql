-- The last days on which a feature cost a team much more than usual, for an alert.
SELECT usage_date, cost_center, feature, usd, usual_usd
FROM "${database}".cost_anomalies
WHERE is_anomaly AND is_recent
ORDER BY usd - usual_usd DESC
