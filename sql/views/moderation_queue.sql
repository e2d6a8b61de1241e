-- Media assets whose content a person should look at, each with its best moderation label: that of the greatest
-- confidence, and of those the most specific one.
-- Read it newest first: ORDER BY queue_place.
CREATE OR REPLACE VIEW "${database}".moderation_queue AS
SELECT
  row_number() OVER (ORDER BY last_modified DESC, confidence DESC, media_id) AS queue_place,
  media_id,
  media_type,
  label,
  parent_label,
  confidence,
  timestamp_ms,
  findings,
  s3_uri,
  last_modified,
  source,
  cost_center,
  dt
FROM (
  SELECT
    assets.media_id,
    assets.media_type,
    found.name AS label,
    found.parent_name AS parent_label,
    found.confidence,
    found.timestamp_ms,
    count(*) OVER (PARTITION BY assets.dt, assets.media_id) AS findings,
    concat('s3://', assets.bucket, '/', assets.key) AS s3_uri,
    assets.last_modified,
    assets.source,
    assets.cost_center,
    assets.dt,
    row_number() OVER (
      PARTITION BY assets.dt, assets.media_id
      ORDER BY
        found.confidence DESC,
        coalesce(found.taxonomy_level, CASE WHEN found.parent_name IS NULL THEN 1 ELSE 2 END) DESC,
        found.timestamp_ms,
        found.name
    ) AS place
  FROM "${database}".moderation_labels AS found
  JOIN "${database}".media_assets AS assets
    ON assets.dt = found.dt AND assets.media_type = found.media_type AND assets.media_id = found.media_id
) AS ranked
WHERE place = 1
