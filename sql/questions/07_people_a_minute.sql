-- How many people are in the picture at most, minute by minute?
SELECT assets.s3_uri, labels.timestamp_ms / 60000 AS minute, max(labels.instance_count) AS people
FROM labels
JOIN current_assets AS assets ON assets.dt = labels.dt AND assets.media_id = labels.media_id
WHERE labels.media_type = 'video' AND labels.name = 'Person'
GROUP BY assets.s3_uri, labels.timestamp_ms / 60000
ORDER BY s3_uri, minute
