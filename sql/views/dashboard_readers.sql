-- Who sees whose costs in QuickSight? One row per group of QuickSight. Members of media-lake-team-<team> see
-- the rows of their team, members of media-lake-finance see all. Nobody else sees any.
--
-- Columns:
--   groupname: the group
--   cost_center: the team whose rows its members see; null for all of them
-- Example:
--   SELECT groupname FROM dashboard_readers WHERE cost_center = 'archive'
CREATE OR REPLACE VIEW "${database}".dashboard_readers AS
SELECT concat('media-lake-team-', cost_center) AS groupname, cost_center
FROM "${database}".media_assets
UNION
SELECT concat('media-lake-team-', cost_center) AS groupname, cost_center
FROM "${database}".costs_daily
UNION
SELECT 'media-lake-finance' AS groupname, CAST(NULL AS varchar) AS cost_center
