-- Who wears a helmet, a mask or gloves, and who does not? One row per person of an image.
--
-- Columns:
--   media_id, key, source, s3_uri, dt: the image, as in current_assets
--   person_id: number of the person within the image
--   confidence: confidence in percent that it is a person
--   head_seen, face_seen: whether that part of the body is in the picture
--   hands_seen: number of hands in the picture, 0 to 2
--   head_covered, face_covered: whether a helmet or mask covers that part
--   hands_covered: number of hands in gloves
--   model_version: version of the Rekognition model
-- Example:
--   SELECT s3_uri, person_id FROM equipment_by_person WHERE head_seen AND NOT head_covered
CREATE OR REPLACE VIEW "${database}".equipment_by_person AS
SELECT
  assets.media_id,
  assets.key,
  assets.source,
  assets.s3_uri,
  persons.person_id,
  persons.confidence,
  persons.head_seen,
  persons.head_covered,
  persons.face_seen,
  persons.face_covered,
  persons.hands_seen,
  persons.hands_covered,
  persons.model_version,
  assets.dt
FROM (
  SELECT
    dt,
    media_type,
    media_id,
    person_id,
    max(confidence) AS confidence,
    coalesce(bool_or(body_part = 'HEAD'), false) AS head_seen,
    coalesce(bool_or(body_part = 'HEAD' AND equipment = 'HEAD_COVER' AND covers_body_part), false)
      AS head_covered,
    coalesce(bool_or(body_part = 'FACE'), false) AS face_seen,
    coalesce(bool_or(body_part = 'FACE' AND equipment = 'FACE_COVER' AND covers_body_part), false)
      AS face_covered,
    count(DISTINCT CASE WHEN body_part IN ('LEFT_HAND', 'RIGHT_HAND') THEN body_part END) AS hands_seen,
    count(DISTINCT CASE
      WHEN body_part IN ('LEFT_HAND', 'RIGHT_HAND') AND equipment = 'HAND_COVER' AND covers_body_part
        THEN body_part
    END) AS hands_covered,
    max(model_version) AS model_version
  FROM "${database}".protective_equipment
  GROUP BY dt, media_type, media_id, person_id
) AS persons
JOIN "${database}".current_assets AS assets
  ON assets.dt = persons.dt AND assets.media_type = persons.media_type AND assets.media_id = persons.media_id
