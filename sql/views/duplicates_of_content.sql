-- Which files hold the same bytes? One row per content that several files have, over all sources and days.
-- It reads all days.
--
-- Columns:
--   content_id, media_type: the content
--   copies: how many files hold it
--   size_bytes: size of one of them
--   redundant_bytes: size of all but one
--   sources: the sources that have it
--   s3_uris: the files
--   first_dt, last_dt: first and last day of the lake that has it
-- Example:
--   SELECT copies, redundant_bytes, s3_uris FROM duplicates_of_content ORDER BY redundant_bytes DESC
CREATE OR REPLACE VIEW "${database}".duplicates_of_content AS
SELECT
  content_id,
  media_type,
  count(*) AS copies,
  max(size_bytes) AS size_bytes,
  sum(size_bytes) - max(size_bytes) AS redundant_bytes,
  array_sort(array_agg(DISTINCT source)) AS sources,
  array_agg(s3_uri ORDER BY s3_uri) AS s3_uris,
  min(dt) AS first_dt,
  max(dt) AS last_dt
FROM "${database}".current_assets
GROUP BY content_id, media_type
HAVING count(*) > 1
