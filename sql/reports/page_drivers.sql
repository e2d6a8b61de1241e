-- What made months dearer or cheaper than the month before, for the cost page.
SELECT
  billing_month, cost_center, source, feature, media_type, price_item,
  previous_usd, change_usd, volume_usd, price_usd
FROM "${database}".cost_drivers
ORDER BY billing_month, abs(change_usd) DESC
