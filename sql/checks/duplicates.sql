-- Keys that occur more than once in a partition; a sound lake gives no row.
-- Generated from include/core/ by `python -m tools.generate`; change it there.
SELECT 'media_assets' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, media_type, media_id
  FROM "${database}".media_assets
  GROUP BY
    dt, media_type, media_id
  HAVING count(*) > 1
) AS media_assets_keys
GROUP BY dt
UNION ALL
SELECT 'analyses' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, media_type, media_id, feature
  FROM "${database}".analyses
  GROUP BY
    dt, media_type, media_id, feature
  HAVING count(*) > 1
) AS analyses_keys
GROUP BY dt
UNION ALL
SELECT 'labels' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, media_type, media_id, analysis_key, model_version, timestamp_ms, start_ms, end_ms, name, confidence,
    instance_count
  FROM "${database}".labels
  GROUP BY
    dt, media_type, media_id, analysis_key, model_version, timestamp_ms, start_ms, end_ms, name, confidence,
    instance_count
  HAVING count(*) > 1
) AS labels_keys
GROUP BY dt
UNION ALL
SELECT 'image_properties' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, media_type, media_id, analysis_key, model_version, region, brightness, sharpness, contrast
  FROM "${database}".image_properties
  GROUP BY
    dt, media_type, media_id, analysis_key, model_version, region, brightness, sharpness, contrast
  HAVING count(*) > 1
) AS image_properties_keys
GROUP BY dt
UNION ALL
SELECT 'moderation_labels' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, media_type, media_id, analysis_key, model_version, timestamp_ms, start_ms, end_ms, name, parent_name,
    taxonomy_level, confidence
  FROM "${database}".moderation_labels
  GROUP BY
    dt, media_type, media_id, analysis_key, model_version, timestamp_ms, start_ms, end_ms, name, parent_name,
    taxonomy_level, confidence
  HAVING count(*) > 1
) AS moderation_labels_keys
GROUP BY dt
UNION ALL
SELECT 'texts' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, media_type, media_id, analysis_key, model_version, timestamp_ms, text, type, text_id, parent_id,
    confidence, box_left, box_top, box_width, box_height
  FROM "${database}".texts
  GROUP BY
    dt, media_type, media_id, analysis_key, model_version, timestamp_ms, text, type, text_id, parent_id,
    confidence, box_left, box_top, box_width, box_height
  HAVING count(*) > 1
) AS texts_keys
GROUP BY dt
UNION ALL
SELECT 'faces' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, media_type, media_id, analysis_key, model_version, timestamp_ms, face_index, confidence, box_left,
    box_top, box_width, box_height, pose_roll, pose_yaw, pose_pitch, brightness, sharpness, age_low,
    age_high, gender, gender_confidence, smile, smile_confidence, eyeglasses, eyeglasses_confidence,
    sunglasses, sunglasses_confidence, beard, beard_confidence, mustache, mustache_confidence, eyes_open,
    eyes_open_confidence, mouth_open, mouth_open_confidence, face_occluded, face_occluded_confidence,
    dominant_emotion
  FROM "${database}".faces
  GROUP BY
    dt, media_type, media_id, analysis_key, model_version, timestamp_ms, face_index, confidence, box_left,
    box_top, box_width, box_height, pose_roll, pose_yaw, pose_pitch, brightness, sharpness, age_low,
    age_high, gender, gender_confidence, smile, smile_confidence, eyeglasses, eyeglasses_confidence,
    sunglasses, sunglasses_confidence, beard, beard_confidence, mustache, mustache_confidence, eyes_open,
    eyes_open_confidence, mouth_open, mouth_open_confidence, face_occluded, face_occluded_confidence,
    dominant_emotion
  HAVING count(*) > 1
) AS faces_keys
GROUP BY dt
UNION ALL
SELECT 'celebrities' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, media_type, media_id, analysis_key, model_version, timestamp_ms, celebrity_id, name, confidence,
    known_gender, face_confidence, box_left, box_top, box_width, box_height, body_box_left, body_box_top,
    body_box_width, body_box_height
  FROM "${database}".celebrities
  GROUP BY
    dt, media_type, media_id, analysis_key, model_version, timestamp_ms, celebrity_id, name, confidence,
    known_gender, face_confidence, box_left, box_top, box_width, box_height, body_box_left, body_box_top,
    body_box_width, body_box_height
  HAVING count(*) > 1
) AS celebrities_keys
GROUP BY dt
UNION ALL
SELECT 'face_matches' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, media_type, media_id, analysis_key, model_version, timestamp_ms, person_index, similarity, face_id,
    external_image_id, image_id, confidence, box_left, box_top, box_width, box_height, matched_box_left,
    matched_box_top, matched_box_width, matched_box_height
  FROM "${database}".face_matches
  GROUP BY
    dt, media_type, media_id, analysis_key, model_version, timestamp_ms, person_index, similarity, face_id,
    external_image_id, image_id, confidence, box_left, box_top, box_width, box_height, matched_box_left,
    matched_box_top, matched_box_width, matched_box_height
  HAVING count(*) > 1
) AS face_matches_keys
GROUP BY dt
UNION ALL
SELECT 'protective_equipment' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, media_type, media_id, analysis_key, model_version, person_id, confidence, body_part,
    body_part_confidence, equipment, equipment_confidence, covers_body_part, covers_body_part_confidence,
    box_left, box_top, box_width, box_height, equipment_box_left, equipment_box_top, equipment_box_width,
    equipment_box_height
  FROM "${database}".protective_equipment
  GROUP BY
    dt, media_type, media_id, analysis_key, model_version, person_id, confidence, body_part,
    body_part_confidence, equipment, equipment_confidence, covers_body_part, covers_body_part_confidence,
    box_left, box_top, box_width, box_height, equipment_box_left, equipment_box_top, equipment_box_width,
    equipment_box_height
  HAVING count(*) > 1
) AS protective_equipment_keys
GROUP BY dt
UNION ALL
SELECT 'custom_labels' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, media_type, media_id, analysis_key, model_version, name, confidence, box_left, box_top, box_width,
    box_height
  FROM "${database}".custom_labels
  GROUP BY
    dt, media_type, media_id, analysis_key, model_version, name, confidence, box_left, box_top, box_width,
    box_height
  HAVING count(*) > 1
) AS custom_labels_keys
GROUP BY dt
UNION ALL
SELECT 'persons' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, media_type, media_id, analysis_key, model_version, timestamp_ms, person_index, box_left, box_top,
    box_width, box_height, face_confidence, face_box_left, face_box_top, face_box_width, face_box_height
  FROM "${database}".persons
  GROUP BY
    dt, media_type, media_id, analysis_key, model_version, timestamp_ms, person_index, box_left, box_top,
    box_width, box_height, face_confidence, face_box_left, face_box_top, face_box_width, face_box_height
  HAVING count(*) > 1
) AS persons_keys
GROUP BY dt
UNION ALL
SELECT 'segments' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, media_type, media_id, analysis_key, model_version, type, cue_type, shot_index, start_ms, end_ms,
    duration_ms, start_frame, end_frame, duration_frames, start_timecode, end_timecode, confidence
  FROM "${database}".segments
  GROUP BY
    dt, media_type, media_id, analysis_key, model_version, type, cue_type, shot_index, start_ms, end_ms,
    duration_ms, start_frame, end_frame, duration_frames, start_timecode, end_timecode, confidence
  HAVING count(*) > 1
) AS segments_keys
GROUP BY dt
UNION ALL
SELECT 'usage' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, usage_id
  FROM "${database}".usage
  GROUP BY
    dt, usage_id
  HAVING count(*) > 1
) AS usage_keys
GROUP BY dt
UNION ALL
SELECT 'costs_daily' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, usage_date, source, cost_center, media_type, feature, operation, price_item
  FROM "${database}".costs_daily
  GROUP BY
    dt, usage_date, source, cost_center, media_type, feature, operation, price_item
  HAVING count(*) > 1
) AS costs_daily_keys
GROUP BY dt
UNION ALL
SELECT 'validation_results' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, media_type, run_id, table_name, expectation, column_name, success, checked_rows, unexpected_rows,
    details, checked_at, layer, severity
  FROM "${database}".validation_results
  GROUP BY
    dt, media_type, run_id, table_name, expectation, column_name, success, checked_rows, unexpected_rows,
    details, checked_at, layer, severity
  HAVING count(*) > 1
) AS validation_results_keys
GROUP BY dt
UNION ALL
SELECT 'validation_failures' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, media_type, run_id, table_name, expectation, column_name, media_id, analysis_key, value, checked_at
  FROM "${database}".validation_failures
  GROUP BY
    dt, media_type, run_id, table_name, expectation, column_name, media_id, analysis_key, value, checked_at
  HAVING count(*) > 1
) AS validation_failures_keys
GROUP BY dt
UNION ALL
SELECT 'publish_decisions' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, media_type, run_id, decided_at
  FROM "${database}".publish_decisions
  GROUP BY
    dt, media_type, run_id, decided_at
  HAVING count(*) > 1
) AS publish_decisions_keys
GROUP BY dt
UNION ALL
SELECT 'publications' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
    dt, published_at, version, table_name
  FROM "${database}".publications
  GROUP BY
    dt, published_at, version, table_name
  HAVING count(*) > 1
) AS publications_keys
GROUP BY dt
