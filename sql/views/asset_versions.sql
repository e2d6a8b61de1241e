-- Which files does the lake know, and which of them were replaced since? One row per version of a file and
-- day. A version is current if none of the same bucket and key was written later, and nothing says that it
-- was replaced or deleted. Views about content show current versions only; read this one with WHERE NOT
-- is_current to see the others.
--
-- Columns:
--   media_id, source, cost_center, bucket, key, version_id, etag, size_bytes, last_modified, content_id,
--     format, codec, width, height, duration_ms, frame_rate, status, reason_code, reason, orientation,
--     rotation, display_width, display_height, dt, media_type: as in media_assets
--   s3_uri: address of the object
--   is_current: whether it is the newest version that the lake knows
-- Example:
--   SELECT s3_uri, last_modified, dt FROM asset_versions WHERE NOT is_current
-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE OR REPLACE VIEW "${database}".asset_versions AS
SELECT
  assets.*,
  concat('s3://', assets.bucket, '/', assets.key) AS s3_uri,
  newest.media_id = assets.media_id
    AND coalesce(assets.reason_code, '') NOT IN ('Overwritten', 'Deleted', 'ObjectReplaced', 'Uploading') AS is_current
FROM "${database}".media_assets AS assets
JOIN (
  SELECT
    bucket,
    key,
    media_id,
    row_number() OVER (
      PARTITION BY bucket, key
      ORDER BY coalesce(reason_code = 'Uploading', false), last_modified DESC, dt DESC, media_id
    ) AS place
  FROM "${database}".media_assets
) AS newest
  ON newest.bucket = assets.bucket AND newest.key = assets.key AND newest.place = 1
