-- Which files should a person look at, and what was decided about them? One row per file with a moderation
-- label, with its best one and the latest decision. Read it newest first: ORDER BY dt DESC, queue_place. With
-- dt in WHERE it reads the findings and decisions of that day alone.
--
-- Columns:
--   queue_place: place within the day, the newest file first
--   state: waiting, approved or rejected
--   media_id, key, source, s3_uri, media_type, last_modified, content_id, cost_center, dt: the file, as in
--     current_assets
--   label, parent_label: its most confident moderation label, of those the most specific, and the label above
--   confidence: confidence in percent
--   timestamp_ms: where in a video; null for images
--   findings: how many moderation labels the file has, in videos per time
--   model_version: version of the Rekognition model
--   decided_by, decided_at, reason: who decided last, when and why; moderation_reviews has all decisions
--   decided_label: the most confident label then; another one than label if the file was analyzed anew
--   decisions: how many decisions there are about the file
-- Example:
--   SELECT queue_place, s3_uri, label, confidence FROM moderation_queue
--   WHERE dt = '2026-11-20' AND state = 'waiting' ORDER BY queue_place
CREATE OR REPLACE VIEW "${database}".moderation_queue AS
SELECT
  row_number() OVER (
    PARTITION BY assets.dt
    ORDER BY assets.last_modified DESC, found.confidence DESC, assets.media_id
  ) AS queue_place,
  CASE reviews.decision
    WHEN 'approve' THEN 'approved'
    WHEN 'reject' THEN 'rejected'
    ELSE 'waiting'
  END AS state,
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
  assets.content_id,
  assets.source,
  assets.cost_center,
  found.model_version,
  reviews.decided_by,
  reviews.decided_at,
  reviews.reason,
  reviews.label AS decided_label,
  coalesce(reviews.decisions, 0) AS decisions,
  assets.dt
FROM "${database}".current_assets AS assets
JOIN (
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
  ON found.dt = assets.dt AND found.media_type = assets.media_type AND found.media_id = assets.media_id
LEFT JOIN (
  SELECT
    dt,
    media_id,
    label,
    decision,
    reason,
    decided_by,
    decided_at,
    count(*) OVER (PARTITION BY dt, media_id) AS decisions,
    row_number() OVER (PARTITION BY dt, media_id ORDER BY decided_at DESC, run_id DESC) AS place
  FROM "${database}".moderation_reviews
) AS reviews
  ON reviews.dt = assets.dt AND reviews.media_id = assets.media_id AND reviews.place = 1
WHERE found.place = 1
