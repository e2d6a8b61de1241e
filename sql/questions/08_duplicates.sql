-- Which files are copies of each other, and what would it free to keep one?
SELECT copies, redundant_bytes, array_join(s3_uris, ', ') AS files
FROM duplicates_of_content
ORDER BY redundant_bytes DESC
