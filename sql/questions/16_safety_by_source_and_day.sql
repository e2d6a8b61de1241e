-- How much of what each source brought in is unsafe, day by day?
SELECT dt, source, media_type, checked_assets, flagged_assets, flagged_percent, top_label
FROM safety_by_source_day
WHERE dt BETWEEN '2026-11-19' AND '2026-11-20'
ORDER BY dt, source, media_type
