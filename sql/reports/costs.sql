-- The daily costs of the last 14 calendar months with use, for the cost page.
SELECT
  usage_date, source, cost_center, media_type, feature, operation, price_item, price_version,
  sum(analyses) AS analyses, sum(units) AS units, sum(usd) AS usd,
  sum(reused_analyses) AS reused_analyses, sum(reused_units) AS reused_units, sum(saved_usd) AS saved_usd
FROM "${database}".costs_daily
WHERE usage_date >= (
  SELECT date_add('month', -13, date_trunc('month', max(usage_date))) FROM "${database}".costs_daily
)
GROUP BY usage_date, source, cost_center, media_type, feature, operation, price_item, price_version
ORDER BY usage_date, cost_center, feature, price_item
