-- When, and for how long, is a label seen in a video? One row per span. Detections with 1000 ms or less
-- between them are one span; one without an end counts for 500 ms, but not past the end of the video.
--
-- Columns:
--   media_id, key, source, s3_uri, dt: the video, as in current_assets
--   label: labels.name
--   start_ms, end_ms: when, in milliseconds from the start
--   seconds: length of the span; add them up for a whole video
--   detections: number of detections in the span
--   confidence: greatest confidence of them in percent
--   model_version: version of the Rekognition model, where the API reports one
-- Example:
--   SELECT key, label, sum(seconds) AS seconds FROM label_spans GROUP BY key, label
-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE OR REPLACE VIEW "${database}".label_spans AS
SELECT
  assets.media_id,
  assets.key,
  assets.source,
  assets.s3_uri,
  spans.name AS label,
  spans.start_ms,
  least(spans.end_ms, coalesce(assets.duration_ms, spans.end_ms)) AS end_ms,
  (least(spans.end_ms, coalesce(assets.duration_ms, spans.end_ms)) - spans.start_ms) / 1e3 AS seconds,
  spans.detections,
  spans.confidence,
  spans.model_version,
  assets.dt
FROM (
  SELECT
    dt,
    media_type,
    media_id,
    name,
    min(start_ms) AS start_ms,
    max(end_ms) AS end_ms,
    count(*) AS detections,
    max(confidence) AS confidence,
    max(model_version) AS model_version
  FROM (
    SELECT
      *,
      sum(begins) OVER (PARTITION BY dt, media_type, media_id, name ORDER BY start_ms, end_ms) AS place
    FROM (
      SELECT
        *,
        CASE
          WHEN start_ms <= 1000 + max(end_ms) OVER (
            PARTITION BY dt, media_type, media_id, name
            ORDER BY start_ms, end_ms
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
          ) THEN 0
          ELSE 1
        END AS begins
      FROM (
        SELECT
          dt,
          media_type,
          media_id,
          name,
          coalesce(timestamp_ms, start_ms) AS start_ms,
          coalesce(end_ms, timestamp_ms + 500) AS end_ms,
          confidence,
          model_version
        FROM "${database}".labels
        WHERE media_type = 'video'
      ) AS detections
    ) AS marked
  ) AS numbered
  GROUP BY dt, media_type, media_id, name, place
) AS spans
JOIN "${database}".current_assets AS assets
  ON assets.dt = spans.dt AND assets.media_type = spans.media_type AND assets.media_id = spans.media_id
