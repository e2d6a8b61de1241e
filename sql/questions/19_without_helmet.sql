-- Who is on a building site without a helmet?
SELECT s3_uri, person_id, confidence
FROM equipment_by_person
WHERE source = 'site' AND head_seen AND NOT head_covered
ORDER BY s3_uri, person_id
