-- Which pictures are mostly red?
SELECT assets.s3_uri, color.css_color, color.pixel_percent
FROM image_properties AS properties
CROSS JOIN UNNEST(properties.dominant_colors)
  AS color (hex_code, css_color, simplified_color, red, green, blue, pixel_percent)
JOIN current_assets AS assets ON assets.dt = properties.dt AND assets.media_id = properties.media_id
WHERE properties.region = 'image' AND color.simplified_color = 'red' AND color.pixel_percent > 50
ORDER BY color.pixel_percent DESC
