-- How many files are there in each category of labels?
SELECT category, count(DISTINCT labels.media_id) AS files
FROM labels
CROSS JOIN UNNEST(labels.categories) AS found (category)
JOIN current_assets AS assets ON assets.dt = labels.dt AND assets.media_id = labels.media_id
GROUP BY category
ORDER BY files DESC, category
