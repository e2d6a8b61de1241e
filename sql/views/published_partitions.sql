-- How fresh is the lake: when was each day published, and with how many rows? One row per table and
-- partition that has rows; tables about people are left out, so that everybody may read this. The time is
-- that of the published version, in the path of its files; publications has all versions.
--
-- Columns:
--   table_name: the table
--   dt, media_type: the partition; media_type is null where a table has none
--   published_at: when the version that readers see was published, in UTC
--   row_count, files: how many rows and files it has
-- Example:
--   SELECT dt, max(published_at) AS published_at FROM published_partitions
--   WHERE table_name = 'media_assets' GROUP BY dt ORDER BY dt DESC
-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE OR REPLACE VIEW "${database}".published_partitions AS
SELECT
  table_name,
  dt,
  media_type,
  date_parse(regexp_extract(max(path), '/version=([0-9]{8}T[0-9]{6})', 1), '%Y%m%dT%H%i%s')
    AS published_at,
  count(*) AS row_count,
  count(DISTINCT path) AS files
FROM (
  SELECT 'media_assets' AS table_name, dt, media_type, "$$path" AS path
  FROM "${database}".media_assets
  UNION ALL
  SELECT 'analyses' AS table_name, dt, media_type, "$$path" AS path
  FROM "${database}".analyses
  UNION ALL
  SELECT 'labels' AS table_name, dt, media_type, "$$path" AS path
  FROM "${database}".labels
  UNION ALL
  SELECT 'image_properties' AS table_name, dt, media_type, "$$path" AS path
  FROM "${database}".image_properties
  UNION ALL
  SELECT 'moderation_labels' AS table_name, dt, media_type, "$$path" AS path
  FROM "${database}".moderation_labels
  UNION ALL
  SELECT 'texts' AS table_name, dt, media_type, "$$path" AS path
  FROM "${database}".texts
  UNION ALL
  SELECT 'protective_equipment' AS table_name, dt, media_type, "$$path" AS path
  FROM "${database}".protective_equipment
  UNION ALL
  SELECT 'custom_labels' AS table_name, dt, media_type, "$$path" AS path
  FROM "${database}".custom_labels
  UNION ALL
  SELECT 'segments' AS table_name, dt, media_type, "$$path" AS path
  FROM "${database}".segments
  UNION ALL
  SELECT 'usage' AS table_name, dt, CAST(NULL AS varchar) AS media_type, "$$path" AS path
  FROM "${database}".usage
  UNION ALL
  SELECT 'costs_daily' AS table_name, dt, CAST(NULL AS varchar) AS media_type, "$$path" AS path
  FROM "${database}".costs_daily
) AS files
GROUP BY table_name, dt, media_type
