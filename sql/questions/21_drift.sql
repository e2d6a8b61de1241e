-- Which labels became more or less frequent from one week to the next?
SELECT week, source, label, round(share_before) AS share_before, round(share) AS share
FROM label_share_weekly
WHERE media_type = 'image' AND abs(change) >= 25
ORDER BY week, change DESC, label
