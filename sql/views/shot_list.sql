-- Which shots does a video have? One row per shot. Read it with ORDER BY media_id, shot_index.
--
-- Columns:
--   media_id, key, source, s3_uri, dt: the video, as in current_assets
--   shot_index: number of the shot
--   start_ms, end_ms: when, in milliseconds from the start
--   seconds: its length
--   start_timecode, end_timecode: when, as SMPTE time codes
--   start_frame, end_frame: first and last frame
--   confidence: confidence in percent
--   model_version: version of the Rekognition model, where the API reports one
-- Example:
--   SELECT shot_index, start_timecode, seconds FROM shot_list WHERE key LIKE '%/clip.mp4' ORDER BY 1
CREATE OR REPLACE VIEW "${database}".shot_list AS
SELECT
  assets.media_id,
  assets.key,
  assets.source,
  assets.s3_uri,
  shots.shot_index,
  shots.start_ms,
  shots.end_ms,
  shots.duration_ms / 1e3 AS seconds,
  shots.start_timecode,
  shots.end_timecode,
  shots.start_frame,
  shots.end_frame,
  shots.confidence,
  shots.model_version,
  assets.dt
FROM "${database}".segments AS shots
JOIN "${database}".current_assets AS assets
  ON assets.dt = shots.dt AND assets.media_type = shots.media_type AND assets.media_id = shots.media_id
WHERE shots.type = 'SHOT'
