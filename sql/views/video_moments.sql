-- What was found in videos, on one time line; people are in people_moments. Column kind is one of: label,
-- moderation, text, shot, technical cue. Read it with ORDER BY media_id, start_ms.
-- Generated from include/core/ by `python -m tools.generate`; change it there.
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
  SELECT
    dt,
    media_id,
    coalesce(timestamp_ms, start_ms) AS start_ms,
    end_ms,
    'label' AS kind,
    name AS what,
    confidence
  FROM "${database}".labels
  WHERE media_type = 'video'
  UNION ALL
  SELECT
    dt,
    media_id,
    coalesce(timestamp_ms, start_ms) AS start_ms,
    end_ms,
    'moderation' AS kind,
    name AS what,
    confidence
  FROM "${database}".moderation_labels
  WHERE media_type = 'video'
  UNION ALL
  SELECT
    dt,
    media_id,
    timestamp_ms AS start_ms,
    CAST(NULL AS bigint) AS end_ms,
    'text' AS kind,
    text AS what,
    confidence
  FROM "${database}".texts
  WHERE media_type = 'video' AND type = 'LINE'
  UNION ALL
  SELECT
    dt,
    media_id,
    start_ms,
    end_ms,
    'shot' AS kind,
    concat('Shot ', CAST(shot_index AS varchar)) AS what,
    confidence
  FROM "${database}".segments
  WHERE media_type = 'video' AND type = 'SHOT'
  UNION ALL
  SELECT
    dt,
    media_id,
    start_ms,
    end_ms,
    'technical cue' AS kind,
    cue_type AS what,
    confidence
  FROM "${database}".segments
  WHERE media_type = 'video' AND type = 'TECHNICAL_CUE'
) AS moments
JOIN "${database}".media_assets AS assets
  ON assets.dt = moments.dt AND assets.media_type = 'video' AND assets.media_id = moments.media_id
