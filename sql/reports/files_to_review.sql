-- The files that a person is asked about, oldest first: those of a range of days that wait for a decision, or
-- one file, whether it waits or not. Parameters: first day, last day, media id or an empty text (twice).
SELECT
  dt,
  media_id,
  media_type,
  content_id,
  s3_uri,
  source,
  label,
  parent_label,
  confidence,
  timestamp_ms,
  findings,
  model_version,
  state,
  decided_by,
  reason
FROM "${database}".moderation_queue
WHERE dt BETWEEN ? AND ? AND ((? = '' AND state = 'waiting') OR media_id = ?)
ORDER BY dt, last_modified, media_id
LIMIT 20
