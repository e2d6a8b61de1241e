-- What did the lake save, and how? One row per calendar month (UTC), team and way of saving. The list price is
-- the mean of what the lake's own analyses of the feature have at the first tier; where it has none, nothing
-- counts as saved.
--
-- Duplicate content: an analysis of another file with the same bytes was reused, once for each file, at the
-- price that it would have had. Cheaper route: a video was analyzed by frames, and a job at the list price
-- would have cost more. Rejected: a file that cannot be analyzed was found before a call, once for each file
-- and feature, at the list price; the most that it can have saved, for AWS does not bill all errors. Re-run: a
-- file that was paid for, or counted already, was analyzed again. It is no saving, whatever usage says of it.
--
-- Columns:
--   billing_month: calendar month in UTC, YYYY-MM
--   cost_center: the team that would have paid
--   kind: duplicate content, cheaper route, rejected before paying, or re-run
--   is_saving: false for re-runs
--   analyses: how many analyses it is about
--   usd: dollars
-- Example:
--   SELECT kind, sum(usd) AS usd FROM savings
--   WHERE is_saving AND billing_month = '2026-11' GROUP BY kind
CREATE OR REPLACE VIEW "${database}".savings AS
WITH list_prices AS (
  SELECT
    feature,
    media_type,
    by_job,
    sum(list_usd) / sum(units) AS usd_per_unit
  FROM (
    SELECT
      feature,
      media_type,
      operation LIKE 'Start%' AS by_job,
      analysis_key,
      sum(coalesce(list_usd, usd)) AS list_usd,
      max(units) AS units
    FROM "${database}".usage
    WHERE NOT reused AND units > 0 AND operation <> 'StartProjectVersion'
    GROUP BY feature, media_type, operation LIKE 'Start%', analysis_key
  ) AS analyses_paid
  GROUP BY feature, media_type, by_job
),
reuses AS (
  SELECT
    date_format(reused.at, '%Y-%m') AS billing_month,
    reused.cost_center,
    reused.analysis_key,
    reused.saved_usd AS usd,
    paid.media_id IS NOT NULL OR row_number() OVER (
      PARTITION BY reused.analysis_key, reused.price_item, reused.media_id
      ORDER BY reused.at, reused.usage_id
    ) > 1 AS is_rerun
  FROM "${database}".usage AS reused
  LEFT JOIN (SELECT DISTINCT analysis_key, media_id FROM "${database}".usage WHERE NOT reused) AS paid
    ON paid.analysis_key = reused.analysis_key AND paid.media_id = reused.media_id
  WHERE reused.reused
),
by_frames AS (
  SELECT
    date_format(min(frames.at), '%Y-%m') AS billing_month,
    frames.cost_center,
    frames.feature,
    frames.analysis_key,
    max(assets.duration_ms) / 6e4 AS minutes,
    sum(frames.usd) AS usd
  FROM "${database}".usage AS frames
  JOIN "${database}".media_assets AS assets
    ON assets.dt = frames.dt AND assets.media_type = frames.media_type AND assets.media_id = frames.media_id
  WHERE frames.media_type = 'video' AND NOT frames.reused AND frames.operation NOT LIKE 'Start%'
  GROUP BY frames.cost_center, frames.feature, frames.analysis_key
),
rejections AS (
  SELECT
    min(substr(rejected.dt, 1, 7)) AS billing_month,
    assets.cost_center,
    rejected.feature,
    rejected.media_type,
    rejected.media_id,
    max(CASE WHEN rejected.media_type = 'image' THEN 1e0 ELSE coalesce(assets.duration_ms, 0) / 6e4 END) AS units
  FROM "${database}".analyses AS rejected
  JOIN "${database}".media_assets AS assets
    ON assets.dt = rejected.dt AND assets.media_type = rejected.media_type
    AND assets.media_id = rejected.media_id
  WHERE rejected.status = 'rejected'
  GROUP BY assets.cost_center, rejected.feature, rejected.media_type, rejected.media_id
)
SELECT
  billing_month,
  cost_center,
  CASE WHEN is_rerun THEN 're-run' ELSE 'duplicate content' END AS kind,
  NOT is_rerun AS is_saving,
  count(DISTINCT analysis_key) AS analyses,
  sum(usd) AS usd
FROM reuses
GROUP BY billing_month, cost_center, is_rerun
UNION ALL
SELECT
  by_frames.billing_month,
  by_frames.cost_center,
  'cheaper route' AS kind,
  true AS is_saving,
  count(*) AS analyses,
  sum(by_frames.minutes * list_prices.usd_per_unit - by_frames.usd) AS usd
FROM by_frames
JOIN list_prices
  ON list_prices.feature = by_frames.feature AND list_prices.media_type = 'video' AND list_prices.by_job
WHERE by_frames.minutes * list_prices.usd_per_unit > by_frames.usd
GROUP BY by_frames.billing_month, by_frames.cost_center
UNION ALL
SELECT
  rejections.billing_month,
  rejections.cost_center,
  'rejected before paying' AS kind,
  true AS is_saving,
  count(*) AS analyses,
  sum(rejections.units * list_prices.usd_per_unit) AS usd
FROM rejections
JOIN list_prices
  ON list_prices.feature = rejections.feature AND list_prices.media_type = rejections.media_type
  AND list_prices.by_job = (rejections.media_type = 'video')
GROUP BY rejections.billing_month, rejections.cost_center
