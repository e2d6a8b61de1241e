-- What do a thousand images cost, and a minute of film, with all that was asked for?
SELECT media_type, contents, film_minutes, round(usd, 4) AS usd,
  round(usd_per_thousand_images, 2) AS usd_per_thousand_images,
  round(usd_per_film_minute, 2) AS usd_per_film_minute
FROM unit_costs
WHERE billing_month = '2026-11' AND cost_center = 'media-team'
ORDER BY media_type
