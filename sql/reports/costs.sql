-- Every published row of the daily costs, for the cost page.
SELECT
  usage_date, source, cost_center, media_type, feature, operation, price_item,
  analyses, units, usd, reused_analyses, reused_units, saved_usd, price_version, dt
FROM "${database}".costs_daily
ORDER BY usage_date, dt, cost_center, feature, price_item
