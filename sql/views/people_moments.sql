-- People found in videos on one time line: number of faces, well-known people, faces of a collection, and paths of people
-- from archived responses. Sensitive, as are the tables that it reads. Read it with ORDER BY media_id, start_ms.
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
  SELECT dt, media_id, timestamp_ms, 'celebrity', name, confidence
  FROM "${database}".celebrities
  WHERE media_type = 'video'
  UNION ALL
  SELECT dt, media_id, timestamp_ms, 'face match', coalesce(external_image_id, face_id), similarity
  FROM "${database}".face_matches
  WHERE media_type = 'video'
  UNION ALL
  SELECT dt, media_id, timestamp_ms, 'person', concat('Person ', CAST(person_index AS varchar)), face_confidence
  FROM "${database}".persons
  WHERE media_type = 'video'
) AS moments
JOIN "${database}".media_assets AS assets
  ON assets.dt = moments.dt AND assets.media_type = 'video' AND assets.media_id = moments.media_id
