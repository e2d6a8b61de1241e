-- Where can the word SALE be read?
SELECT s3_uri, timestamp_ms, text
FROM text_search
WHERE search_text LIKE '%sale%'
ORDER BY s3_uri, timestamp_ms
