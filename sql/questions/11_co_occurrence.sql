-- Which labels occur together, and in how many files?
SELECT one.what AS label, other.what AS together_with, count(DISTINCT one.media_id) AS files
FROM asset_findings AS one
JOIN asset_findings AS other ON other.dt = one.dt AND other.media_id = one.media_id AND other.what > one.what
WHERE one.kind = 'label' AND other.kind = 'label' AND one.is_current
GROUP BY one.what, other.what
ORDER BY files DESC, label, together_with
LIMIT 5
