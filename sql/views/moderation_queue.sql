-- Which files should a person look at? One row per file with a moderation label, with its best one. Read it
-- newest first: ORDER BY dt DESC, queue_place. With dt in WHERE it reads the findings of that day alone.
--
-- Columns:
--   queue_place: place within the day, the newest file first
--   media_id, key, source, s3_uri, media_type, last_modified, cost_center, dt: the file, as in current_assets
--   label, parent_label: its most confident moderation label, of those the most specific, and the label above
--   confidence: confidence in percent
--   timestamp_ms: where in a video; null for images
--   findings: how many moderation labels the file has, in videos per time
--   model_version: version of the Rekognition model
-- Example:
--   SELECT queue_place, s3_uri, label, confidence FROM moderation_queue
--   WHERE dt = '2026-11-20' ORDER BY queue_place
CREATE OR REPLACE VIEW "${database}".moderation_queue AS
SELECT
  row_number() OVER (
    PARTITION BY assets.dt
    ORDER BY assets.last_modified DESC, found.confidence DESC, assets.media_id
  ) AS queue_place,
  assets.media_id,
  assets.media_type,
  found.label,
  found.parent_label,
  found.confidence,
  found.timestamp_ms,
  found.findings,
  assets.key,
  assets.s3_uri,
  assets.last_modified,
  assets.source,
  assets.cost_center,
  found.model_version,
  assets.dt
FROM (
  SELECT
    dt,
    media_type,
    media_id,
    name AS label,
    parent_name AS parent_label,
    confidence,
    timestamp_ms,
    model_version,
    count(*) OVER (PARTITION BY dt, media_type, media_id) AS findings,
    row_number() OVER (
      PARTITION BY dt, media_type, media_id
      ORDER BY
        confidence DESC,
        coalesce(taxonomy_level, CASE WHEN parent_name IS NULL THEN 1 ELSE 2 END) DESC,
        timestamp_ms,
        name
    ) AS place
  FROM "${database}".moderation_labels
) AS found
JOIN "${database}".current_assets AS assets
  ON assets.dt = found.dt AND assets.media_type = found.media_type AND assets.media_id = found.media_id
WHERE found.place = 1
