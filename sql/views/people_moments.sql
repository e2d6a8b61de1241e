-- People found in videos, on one time line. Sensitive, as are the tables that it reads. Column kind is one
-- of: faces, celebrity, face match, person. Read it with ORDER BY media_id, start_ms.
-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE OR REPLACE VIEW "${database}".people_moments AS
SELECT
  moments.media_id,
  assets.key,
  moments.start_ms,
  moments.kind,
  moments.who,
  moments.confidence,
  moments.dt
FROM (
  SELECT
    dt,
    media_id,
    timestamp_ms AS start_ms,
    'faces' AS kind,
    CASE WHEN count(*) = 1 THEN '1 face' ELSE concat(CAST(count(*) AS varchar), ' faces') END AS who,
    max(confidence) AS confidence
  FROM "${database}".faces
  WHERE media_type = 'video'
  GROUP BY dt, media_id, timestamp_ms
  UNION ALL
  SELECT
    dt,
    media_id,
    timestamp_ms AS start_ms,
    'celebrity' AS kind,
    name AS who,
    confidence
  FROM "${database}".celebrities
  WHERE media_type = 'video'
  UNION ALL
  SELECT
    dt,
    media_id,
    timestamp_ms AS start_ms,
    'face match' AS kind,
    coalesce(external_image_id, face_id) AS who,
    similarity AS confidence
  FROM "${database}".face_matches
  WHERE media_type = 'video'
  UNION ALL
  SELECT
    dt,
    media_id,
    timestamp_ms AS start_ms,
    'person' AS kind,
    concat('Person ', CAST(person_index AS varchar)) AS who,
    face_confidence AS confidence
  FROM "${database}".persons
  WHERE media_type = 'video'
) AS moments
JOIN "${database}".media_assets AS assets
  ON assets.dt = moments.dt AND assets.media_type = 'video' AND assets.media_id = moments.media_id
