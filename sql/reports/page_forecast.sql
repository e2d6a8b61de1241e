-- What the running month will have cost, by team and for all, for the cost page.
SELECT billing_month, cost_center, as_of, forecast_usd, low_usd, high_usd, learned_days
FROM "${database}".forecast_monthly
