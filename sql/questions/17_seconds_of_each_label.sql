-- For how many seconds is each label seen in a video?
SELECT label, count(*) AS spans, sum(seconds) AS seconds
FROM label_spans
WHERE s3_uri = 's3://media-lake/raw/shop/clip.mp4'
GROUP BY label
ORDER BY seconds DESC, label
