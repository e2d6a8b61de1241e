-- Which pictures show a dog and no person?
SELECT s3_uri
FROM asset_findings
WHERE media_type = 'image' AND kind = 'label' AND is_current
GROUP BY s3_uri
HAVING bool_or(what = 'Dog') AND NOT bool_or(what = 'Person')
ORDER BY s3_uri
