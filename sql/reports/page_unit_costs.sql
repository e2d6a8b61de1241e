-- What a thousand images and a minute of film cost each team in a month, for the cost page.
SELECT billing_month, cost_center, media_type, contents, film_minutes, usd
FROM "${database}".unit_costs
ORDER BY billing_month, cost_center, media_type
