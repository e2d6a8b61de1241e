-- What should a moderator look at, newest first?
SELECT dt, queue_place, s3_uri, label, confidence, timestamp_ms
FROM moderation_queue
WHERE state = 'waiting'
ORDER BY dt DESC, queue_place
