-- Which files are in the lake as they are now? One row per file and day, without versions that were
-- replaced later (see asset_versions).
--
-- Columns:
--   media_id, source, cost_center, bucket, key, version_id, etag, size_bytes, last_modified, content_id,
--     format, codec, width, height, duration_ms, frame_rate, status, reason_code, reason, orientation,
--     rotation, display_width, display_height, dt, media_type: as in media_assets
--   s3_uri: address of the object
--   is_current: true
-- Example:
--   SELECT source, media_type, count(*) AS files FROM current_assets GROUP BY source, media_type
-- Generated from include/core/ by `python -m tools.generate`; change it there.
CREATE OR REPLACE VIEW "${database}".current_assets AS
SELECT *
FROM "${database}".asset_versions
WHERE is_current
