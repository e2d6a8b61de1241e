-- What do a thousand images cost, and a minute of film, with all that was asked for? One row per calendar month
-- (UTC), team and kind of media. A content counts once a month, however many features, copies and runs paid for
-- it: a minute of film is a minute of the film, not of each analysis. The hours of Custom Labels models are
-- among the costs of images. What was only reused neither costs nor counts.
--
-- Columns:
--   billing_month: calendar month in UTC, YYYY-MM
--   cost_center, media_type: as in usage
--   contents: images or videos of different content that were paid for
--   film_minutes: minutes of these videos; null for images
--   usd: dollars paid
--   usd_per_thousand_images: usd for a thousand contents; null for videos, and without images
--   usd_per_film_minute: usd for a minute of film; null for images
-- Example:
--   SELECT cost_center, usd_per_film_minute FROM unit_costs
--   WHERE billing_month = '2026-11' AND media_type = 'video'
CREATE OR REPLACE VIEW "${database}".unit_costs AS
SELECT
  billing_month,
  cost_center,
  media_type,
  sum(contents) AS contents,
  CASE WHEN media_type = 'video' THEN sum(minutes) END AS film_minutes,
  sum(usd) AS usd,
  CASE WHEN media_type = 'image' THEN 1e3 * sum(usd) / nullif(sum(contents), 0) END AS usd_per_thousand_images,
  CASE WHEN media_type = 'video' THEN sum(usd) / nullif(sum(minutes), 0) END AS usd_per_film_minute
FROM (
  SELECT
    date_format(paid.at, '%Y-%m') AS billing_month,
    paid.cost_center,
    paid.media_type,
    coalesce(assets.content_id, paid.media_id) AS content,
    max(CASE WHEN paid.operation = 'StartProjectVersion' THEN 0 ELSE 1 END) AS contents,
    max(coalesce(
      assets.duration_ms / 6e4,
      CASE WHEN paid.price_item LIKE '%minutes' THEN paid.units END,
      0e0
    )) AS minutes,
    sum(paid.usd) AS usd
  FROM "${database}".usage AS paid
  LEFT JOIN "${database}".media_assets AS assets
    ON assets.dt = paid.dt AND assets.media_type = paid.media_type AND assets.media_id = paid.media_id
  WHERE NOT paid.reused
  GROUP BY
    date_format(paid.at, '%Y-%m'),
    paid.cost_center,
    paid.media_type,
    coalesce(assets.content_id, paid.media_id)
) AS paid_contents
GROUP BY billing_month, cost_center, media_type
