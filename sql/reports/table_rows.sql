-- Rows of every table over a range of days. Parameters: first day, last day.
-- Generated from include/core/ by `python -m tools.generate`; change it there.
WITH days AS (SELECT ? AS first_day, ? AS last_day)
SELECT 'media_assets' AS table_name, count(*) AS row_count
FROM "${database}".media_assets, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'analyses' AS table_name, count(*) AS row_count
FROM "${database}".analyses, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'labels' AS table_name, count(*) AS row_count
FROM "${database}".labels, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'image_properties' AS table_name, count(*) AS row_count
FROM "${database}".image_properties, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'moderation_labels' AS table_name, count(*) AS row_count
FROM "${database}".moderation_labels, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'texts' AS table_name, count(*) AS row_count
FROM "${database}".texts, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'faces' AS table_name, count(*) AS row_count
FROM "${database}".faces, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'celebrities' AS table_name, count(*) AS row_count
FROM "${database}".celebrities, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'face_matches' AS table_name, count(*) AS row_count
FROM "${database}".face_matches, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'protective_equipment' AS table_name, count(*) AS row_count
FROM "${database}".protective_equipment, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'custom_labels' AS table_name, count(*) AS row_count
FROM "${database}".custom_labels, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'persons' AS table_name, count(*) AS row_count
FROM "${database}".persons, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'segments' AS table_name, count(*) AS row_count
FROM "${database}".segments, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'usage' AS table_name, count(*) AS row_count
FROM "${database}".usage, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'costs_daily' AS table_name, count(*) AS row_count
FROM "${database}".costs_daily, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'budgets' AS table_name, count(*) AS row_count
FROM "${database}".budgets, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'validation_results' AS table_name, count(*) AS row_count
FROM "${database}".validation_results, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'validation_failures' AS table_name, count(*) AS row_count
FROM "${database}".validation_failures, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'publish_decisions' AS table_name, count(*) AS row_count
FROM "${database}".publish_decisions, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'publications' AS table_name, count(*) AS row_count
FROM "${database}".publications, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'erasures' AS table_name, count(*) AS row_count
FROM "${database}".erasures, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'moderation_reviews' AS table_name, count(*) AS row_count
FROM "${database}".moderation_reviews, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'bill_daily' AS table_name, count(*) AS row_count
FROM "${database}".bill_daily, days WHERE dt BETWEEN first_day AND last_day
UNION ALL
SELECT 'reconciliation' AS table_name, count(*) AS row_count
FROM "${database}".reconciliation, days WHERE dt BETWEEN first_day AND last_day
