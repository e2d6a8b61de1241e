-- Which files were not yet analyzed for moderation, although their source asks for it?
SELECT s3_uri, dt, state
FROM coverage
WHERE feature = 'moderation' AND state = 'not yet'
ORDER BY dt, s3_uri
