-- The minutes of film that were paid for, over all days of the lake: a film counts once, whatever was asked
-- about it.
SELECT
  coalesce(sum(minutes), 0.0) AS minutes
FROM (
  SELECT
    media_id,
    max(units) AS minutes
  FROM "${database}".usage
  WHERE media_type = 'video' AND NOT reused
  GROUP BY media_id
) AS films
