-- When was each day published?
SELECT dt, media_type, published_at, row_count AS files
FROM published_partitions
WHERE table_name = 'media_assets'
ORDER BY dt DESC, media_type
