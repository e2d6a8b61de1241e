-- Findings without a media asset in the same partition of media_assets; a sound lake has none.
-- Generated from include/core/ by `python -m tools.generate`; change it there.
SELECT found.table_name, found.dt, found.media_type, count(*) AS orphans
FROM (
  SELECT 'labels' AS table_name, dt, media_type, media_id
  FROM "${database}".labels
  UNION ALL
  SELECT 'image_properties' AS table_name, dt, media_type, media_id
  FROM "${database}".image_properties
  UNION ALL
  SELECT 'moderation_labels' AS table_name, dt, media_type, media_id
  FROM "${database}".moderation_labels
  UNION ALL
  SELECT 'texts' AS table_name, dt, media_type, media_id
  FROM "${database}".texts
  UNION ALL
  SELECT 'faces' AS table_name, dt, media_type, media_id
  FROM "${database}".faces
  UNION ALL
  SELECT 'celebrities' AS table_name, dt, media_type, media_id
  FROM "${database}".celebrities
  UNION ALL
  SELECT 'face_matches' AS table_name, dt, media_type, media_id
  FROM "${database}".face_matches
  UNION ALL
  SELECT 'protective_equipment' AS table_name, dt, media_type, media_id
  FROM "${database}".protective_equipment
  UNION ALL
  SELECT 'custom_labels' AS table_name, dt, media_type, media_id
  FROM "${database}".custom_labels
  UNION ALL
  SELECT 'persons' AS table_name, dt, media_type, media_id
  FROM "${database}".persons
  UNION ALL
  SELECT 'segments' AS table_name, dt, media_type, media_id
  FROM "${database}".segments
) AS found
LEFT JOIN "${database}".media_assets AS assets
  ON assets.dt = found.dt AND assets.media_type = found.media_type AND assets.media_id = found.media_id
WHERE assets.media_id IS NULL
GROUP BY found.table_name, found.dt, found.media_type
