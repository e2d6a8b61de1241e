-- How are the confidences of labels distributed?
SELECT CAST(floor(confidence / 10) * 10 AS integer) AS from_percent, count(*) AS labels
FROM labels
WHERE dt BETWEEN '2026-11-01' AND '2026-11-30'
GROUP BY 1
ORDER BY from_percent
