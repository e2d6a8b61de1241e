-- What was found in videos on one time line: labels, text, moderation, shots and technical cues; people are in
-- people_moments. Read it with ORDER BY media_id, start_ms.
CREATE OR REPLACE VIEW "${database}".video_moments AS
SELECT
  moments.media_id,
  assets.key,
  moments.start_ms,
  moments.end_ms,
  moments.kind,
  moments.what,
  moments.confidence,
  moments.dt
FROM (
  SELECT dt, media_id, coalesce(timestamp_ms, start_ms) AS start_ms, end_ms, 'label' AS kind, name AS what, confidence
  FROM "${database}".labels
  WHERE media_type = 'video'
  UNION ALL
  SELECT dt, media_id, coalesce(timestamp_ms, start_ms), end_ms, 'moderation', name, confidence
  FROM "${database}".moderation_labels
  WHERE media_type = 'video'
  UNION ALL
  SELECT dt, media_id, timestamp_ms, CAST(NULL AS bigint), 'text', text, confidence
  FROM "${database}".texts
  WHERE media_type = 'video' AND type = 'LINE'
  UNION ALL
  SELECT
    dt,
    media_id,
    start_ms,
    end_ms,
    CASE WHEN type = 'SHOT' THEN 'shot' ELSE 'technical cue' END,
    coalesce(cue_type, concat('Shot ', CAST(shot_index AS varchar))),
    confidence
  FROM "${database}".segments
) AS moments
JOIN "${database}".media_assets AS assets
  ON assets.dt = moments.dt AND assets.media_type = 'video' AND assets.media_id = moments.media_id
