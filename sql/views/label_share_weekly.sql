-- How does the mix of labels change from week to week? One row per week, source, kind of media and label,
-- also for weeks in which a label that the source knows is missing. A week begins on Monday and has the days
-- of the lake (dt). It reads all days.
--
-- Columns:
--   week: Monday of the week
--   source, media_type, label: what is counted
--   assets: files with the label
--   analyzed_assets: files that were looked at for labels
--   share: assets in percent of analyzed_assets
--   share_before: share in the week before that has files of the source; null in its first week
--   change: share minus share_before, in percentage points
--   model_versions: versions of the label model in that week; a change of model may change the mix
-- Example:
--   SELECT week, label, share, change FROM label_share_weekly WHERE abs(change) >= 20 ORDER BY week, label
CREATE OR REPLACE VIEW "${database}".label_share_weekly AS
SELECT
  week,
  source,
  media_type,
  label,
  assets,
  analyzed_assets,
  share,
  lag(share) OVER (PARTITION BY source, media_type, label ORDER BY week) AS share_before,
  share - lag(share) OVER (PARTITION BY source, media_type, label ORDER BY week) AS change,
  model_versions
FROM (
  SELECT
    weeks.week,
    weeks.source,
    weeks.media_type,
    known.label,
    coalesce(found.assets, 0) AS assets,
    weeks.analyzed_assets,
    100e0 * coalesce(found.assets, 0) / weeks.analyzed_assets AS share,
    weeks.model_versions
  FROM (
    SELECT
      date_trunc('week', CAST(assets.dt AS date)) AS week,
      assets.source,
      assets.media_type,
      count(*) AS analyzed_assets,
      array_join(array_sort(array_agg(DISTINCT analyses.model_version)), ', ') AS model_versions
    FROM "${database}".current_assets AS assets
    JOIN "${database}".analyses AS analyses
      ON analyses.dt = assets.dt AND analyses.media_type = assets.media_type
      AND analyses.media_id = assets.media_id
    WHERE analyses.feature = 'labels' AND analyses.status IN ('succeeded', 'reused')
    GROUP BY date_trunc('week', CAST(assets.dt AS date)), assets.source, assets.media_type
  ) AS weeks
  JOIN (
    SELECT DISTINCT assets.source, assets.media_type, labels.name AS label
    FROM "${database}".current_assets AS assets
    JOIN "${database}".labels AS labels
      ON labels.dt = assets.dt AND labels.media_type = assets.media_type
      AND labels.media_id = assets.media_id
  ) AS known
    ON known.source = weeks.source AND known.media_type = weeks.media_type
  LEFT JOIN (
    SELECT
      date_trunc('week', CAST(assets.dt AS date)) AS week,
      assets.source,
      assets.media_type,
      labels.name AS label,
      count(DISTINCT assets.media_id) AS assets
    FROM "${database}".current_assets AS assets
    JOIN "${database}".labels AS labels
      ON labels.dt = assets.dt AND labels.media_type = assets.media_type
      AND labels.media_id = assets.media_id
    GROUP BY date_trunc('week', CAST(assets.dt AS date)), assets.source, assets.media_type, labels.name
  ) AS found
    ON found.week = weeks.week AND found.source = weeks.source AND found.media_type = weeks.media_type
    AND found.label = known.label
) AS shares
