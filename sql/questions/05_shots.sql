-- Which shots does a video have?
SELECT shot_index, start_timecode, end_timecode, seconds
FROM shot_list
WHERE s3_uri = 's3://media-lake/raw/shop/clip.mp4'
ORDER BY shot_index
