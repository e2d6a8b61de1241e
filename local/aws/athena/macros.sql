-- Trino's functions where DuckDB has none of the same name and meaning. Each statement is run when the
-- endpoint starts. Functions whose names begin with athena_ are in python_functions.py.

-- comparison and conversion
CREATE MACRO trino.divide(a, b) AS CASE
    WHEN typeof(a + b) IN ('TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT') THEN CAST_TO_TYPE(a // b, a + b)
    WHEN b = 0 AND typeof(a + b) IN ('DOUBLE', 'FLOAT') THEN CAST_TO_TYPE(a * CAST('Infinity' AS DOUBLE), a + b)
    ELSE CAST_TO_TYPE(a / b, a + b) END;
CREATE MACRO trino.modulo(a, b) AS CASE
    WHEN b = 0 AND typeof(a + b) IN ('DOUBLE', 'FLOAT') THEN CAST_TO_TYPE(CAST('NaN' AS DOUBLE), a + b)
    ELSE CAST_TO_TYPE(a % b, a + b) END;
CREATE MACRO trino.text(x) AS CASE typeof(x)
    WHEN 'DOUBLE' THEN athena_double_text(TRY_CAST(CAST(x AS VARCHAR) AS DOUBLE))
    WHEN 'FLOAT' THEN athena_real_text(TRY_CAST(CAST(x AS VARCHAR) AS FLOAT))
    WHEN 'TIMESTAMP' THEN strftime(TRY_CAST(CAST(x AS VARCHAR) AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g')
    WHEN 'TIME' THEN strftime(TRY_CAST('2000-01-01 ' || CAST(x AS VARCHAR) AS TIMESTAMP), '%H:%M:%S.%g')
    WHEN 'TIMESTAMP WITH TIME ZONE'
    THEN strftime(TRY_CAST(CAST(x AS VARCHAR) AS TIMESTAMPTZ), '%Y-%m-%d %H:%M:%S.%g') || ' UTC'
    WHEN 'JSON' THEN json_extract_string(TRY_CAST(CAST(x AS VARCHAR) AS JSON), '$')
    ELSE CAST(x AS VARCHAR) END;
CREATE MACRO trino.rounded(x) AS CASE WHEN typeof(x) IN ('DOUBLE', 'FLOAT')
    THEN CAST_TO_TYPE(round(TRY_CAST(CAST(x AS VARCHAR) AS DOUBLE)), x) ELSE x END;
CREATE MACRO trino.whole(x, name) AS CASE
    WHEN typeof(x) = 'VARCHAR' AND NOT regexp_full_match(CAST(x AS VARCHAR), '[+-]?[0-9]+')
    THEN error('INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to ' || name)
    ELSE trino.rounded(x) END;
CREATE MACRO trino.whole_or_null(x) AS CASE
    WHEN typeof(x) <> 'VARCHAR' OR regexp_full_match(CAST(x AS VARCHAR), '[+-]?[0-9]+')
    THEN trino.rounded(x) END;
CREATE MACRO trino.text_piece(x VARCHAR) AS x;
CREATE MACRO trino.typeof(x) AS athena_type_name(typeof(x));
CREATE MACRO trino.parse_data_size(x) AS athena_data_size(x);
CREATE MACRO trino.format_number(x) AS athena_format_number(CAST(x AS DOUBLE));

-- mathematics
CREATE MACRO trino.cosine_similarity(a, b) AS list_sum(list_transform(map_keys(a), lambda k: a[k] *
    coalesce(b[k], 0)))
    / (sqrt(list_sum(list_transform(map_values(a), lambda v: v * v))) *
        sqrt(list_sum(list_transform(map_values(b), lambda v: v * v))));
CREATE MACRO trino.cbrt(x) AS athena_cbrt(CAST(x AS DOUBLE));
CREATE MACRO trino.e() AS exp(1);
CREATE MACRO trino.nan() AS CAST('NaN' AS DOUBLE);
CREATE MACRO trino.infinity() AS CAST('Infinity' AS DOUBLE);
CREATE MACRO trino.is_finite(x) AS isfinite(CAST(x AS DOUBLE));
CREATE MACRO trino.is_infinite(x) AS isinf(CAST(x AS DOUBLE));
CREATE MACRO trino.is_nan(x) AS isnan(CAST(x AS DOUBLE));
CREATE MACRO trino.sqrt(x) AS CASE WHEN x < 0 THEN CAST('NaN' AS DOUBLE) ELSE sqrt(x) END;
CREATE MACRO trino.ln(x) AS CASE WHEN x = 0 THEN CAST('-Infinity' AS DOUBLE) WHEN x < 0 THEN CAST('NaN' AS
    DOUBLE) ELSE ln(x) END;
CREATE MACRO trino.log2(x) AS CASE WHEN x = 0 THEN CAST('-Infinity' AS DOUBLE) WHEN x < 0 THEN CAST('NaN' AS
    DOUBLE) ELSE log2(x) END;
CREATE MACRO trino.log10(x) AS CASE WHEN x = 0 THEN CAST('-Infinity' AS DOUBLE) WHEN x < 0 THEN CAST('NaN'
    AS DOUBLE) ELSE log10(x) END;
CREATE MACRO trino.log(b, x) AS trino.ln(x) / ln(b);
CREATE MACRO trino.acos(x) AS CASE WHEN abs(x) > 1 THEN CAST('NaN' AS DOUBLE) ELSE acos(x) END;
CREATE MACRO trino.asin(x) AS CASE WHEN abs(x) > 1 THEN CAST('NaN' AS DOUBLE) ELSE asin(x) END;
CREATE MACRO trino.mod(a, b) AS trino.modulo(a, b);
CREATE MACRO trino.sign(x) AS CAST_TO_TYPE(sign(x), x);
CREATE MACRO trino.truncate(x) AS trunc(x), (x, n) AS CAST_TO_TYPE(trunc(x * power(10, n)) / power(CAST(10
    AS DOUBLE), n), x);
CREATE MACRO trino.rand() AS random(), (n) AS CAST(floor(random() * n) AS BIGINT), (m, n) AS CAST(m +
    floor(random() * (n - m)) AS BIGINT);
CREATE MACRO trino.random() AS random(), (n) AS CAST(floor(random() * n) AS BIGINT), (m, n) AS CAST(m +
    floor(random() * (n - m)) AS BIGINT);
CREATE MACRO trino.from_base(x, radix) AS athena_from_base(x, radix);
CREATE MACRO trino.to_base(x, radix) AS athena_to_base(x, radix);
CREATE MACRO trino.normal_cdf(mean, sd, v) AS athena_normal_cdf(CAST(mean AS DOUBLE), CAST(sd AS DOUBLE),
    CAST(v AS DOUBLE));
CREATE MACRO trino.inverse_normal_cdf(mean, sd, p) AS athena_inverse_normal_cdf(CAST(mean AS DOUBLE),
    CAST(sd AS DOUBLE), CAST(p AS DOUBLE));
CREATE MACRO trino.wilson_interval_lower(s, n, z) AS (s / CAST(n AS DOUBLE) + z * z / (2e0 * n)
    - z * sqrt(s / CAST(n AS DOUBLE) * (1 - s / CAST(n AS DOUBLE)) / n + z * z / (4e0 * n * n))) / (1 + z *
        z / CAST(n AS DOUBLE));
CREATE MACRO trino.wilson_interval_upper(s, n, z) AS (s / CAST(n AS DOUBLE) + z * z / (2e0 * n)
    + z * sqrt(s / CAST(n AS DOUBLE) * (1 - s / CAST(n AS DOUBLE)) / n + z * z / (4e0 * n * n))) / (1 + z *
        z / CAST(n AS DOUBLE));
CREATE MACRO trino.width_bucket(x, bins) AS CAST(len(list_filter(bins, lambda b: b <= x)) AS BIGINT),
    (x, low, high, n) AS CASE
    WHEN n <= 0 THEN error('INVALID_FUNCTION_ARGUMENT: bucketCount must be greater than 0')
    WHEN low < high THEN CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1
        ELSE CAST(floor((x - low) * n / CAST(high - low AS DOUBLE)) AS BIGINT) + 1 END
    ELSE CASE WHEN x > low THEN 0 WHEN x <= high THEN n + 1
        ELSE CAST(floor((low - x) * n / CAST(low - high AS DOUBLE)) AS BIGINT) + 1 END END;

-- bits
CREATE MACRO trino.bit_count(x, bits) AS athena_bit_count(x, bits);
CREATE MACRO trino.bitwise_and(a, b) AS a & b;
CREATE MACRO trino.bitwise_or(a, b) AS a | b;
CREATE MACRO trino.bitwise_xor(a, b) AS xor(a, b);
CREATE MACRO trino.bitwise_not(a) AS ~a;
CREATE MACRO trino.bitwise_left_shift(a, n) AS athena_left_shift(a, n, typeof(a));
CREATE MACRO trino.bitwise_right_shift(a, n) AS athena_right_shift(a, n, typeof(a));
CREATE MACRO trino.bitwise_right_shift_arithmetic(a, n) AS athena_arithmetic_shift(a, n);

-- maps
CREATE MACRO trino.map() AS MAP {}, (k, v) AS map(k, v);
CREATE MACRO trino.first_entries(e) AS map_from_entries(list_filter(e, lambda x, i:
    list_position(list_transform(e, lambda y: y.key), x.key) = i));
CREATE MACRO trino.last_entries(e) AS map_from_entries(list_filter(e, lambda x, i:
    list_position(list_transform(e[i + 1:], lambda y: y.key), x.key) IS NULL));
CREATE MACRO trino.collected_entries(e) AS map_from_entries(list_transform(
    list_filter(e, lambda x, i: list_position(list_transform(e, lambda y: y.key), x.key) = i),
    lambda x: struct_pack(key := x.key, value := list_transform(list_filter(e, lambda y: y.key = x.key),
        lambda y: y.value))));
CREATE MACRO trino.map_entries(m) AS list_transform(map_entries(m), lambda e: row(e.key, e.value));
CREATE MACRO trino.map_from_entries(e) AS map_from_entries(e);
CREATE MACRO trino.multimap_from_entries(e) AS trino.collected_entries(list_transform(e, lambda p:
    struct_pack(key := p[1], value := p[2])));
CREATE MACRO trino.map_keys(m) AS map_keys(m);
CREATE MACRO trino.map_values(m) AS map_values(m);

-- texts
CREATE MACRO trino.char2hexint(s) AS athena_char_hex(s);
CREATE MACRO trino.codepoint(s) AS unicode(s);
CREATE MACRO trino.ends_with(s, t) AS ends_with(s, t);
CREATE MACRO trino.hamming_distance(a, b) AS CASE WHEN length(a) <> length(b)
    THEN error('INVALID_FUNCTION_ARGUMENT: '
        || 'The input strings to hamming_distance function must have the same length')
    WHEN a = '' THEN 0 ELSE hamming(a, b) END;
CREATE MACRO trino.index(s, t) AS CAST(strpos(s, t) AS BIGINT);
CREATE MACRO trino.length(s) AS CAST(CASE typeof(s) WHEN 'BLOB' THEN octet_length(TRY_CAST(s AS BLOB)) ELSE
    length(CAST(s AS VARCHAR)) END AS BIGINT);
CREATE MACRO trino.levenshtein_distance(a, b) AS levenshtein(a, b);
CREATE MACRO trino.lpad(s, n, p) AS lpad(s, CAST(n AS INTEGER), p);
CREATE MACRO trino.rpad(s, n, p) AS rpad(s, CAST(n AS INTEGER), p);
CREATE MACRO trino.ltrim(s) AS regexp_replace(s, '^\s+', ''), (s, c) AS ltrim(s, c);
CREATE MACRO trino.rtrim(s) AS regexp_replace(s, '\s+$', ''), (s, c) AS rtrim(s, c);
CREATE MACRO trino.trim(s) AS regexp_replace(regexp_replace(s, '^\s+', ''), '\s+$', ''), (s, c) AS trim(s,
    c);
CREATE MACRO trino.luhn_check(s) AS athena_luhn(s);
CREATE MACRO trino.normalize(s) AS athena_normalize(s, 'NFC'), (s, form) AS athena_normalize(s, form);
CREATE MACRO trino.replace(s, t) AS replace(s, t, ''), (s, t, r) AS CASE WHEN t = '' THEN
    athena_replace_empty(s, r) ELSE replace(s, t, r) END;
CREATE MACRO trino.reverse(s VARCHAR) AS reverse(s), (s) AS list_reverse(s);
CREATE MACRO trino.reverse_bytes(s) AS athena_reverse_bytes(s);
CREATE MACRO trino.soundex(s) AS athena_soundex(s);
CREATE MACRO trino.split(s, d) AS string_split(s, d), (s, d, n) AS athena_split(s, d, n);
CREATE MACRO trino.split_part(s, d, n) AS CASE
    WHEN n <= 0 THEN error('INVALID_FUNCTION_ARGUMENT: Index must be greater than zero')
    WHEN n <= len(string_split(s, d)) THEN string_split(s, d)[n] END;
CREATE MACRO trino.split_to_map(s, e, k) AS map_from_entries(list_transform(string_split(s, e),
    lambda p: row(string_split(p, k)[1], substr(p, strpos(p, k) + length(k)))));
CREATE MACRO trino.split_to_multimap(s, e, k) AS trino.multimap_from_entries(list_transform(string_split(s,
    e),
    lambda p: row(string_split(p, k)[1], substr(p, strpos(p, k) + length(k)))));
CREATE MACRO trino.strpos(s, t) AS CAST(strpos(s, t) AS BIGINT), (s, t, n) AS athena_strpos(s, t, n);
CREATE MACRO trino.substr(s, f) AS CASE WHEN f = 0 OR -f > length(s) THEN '' ELSE substr(s, f) END,
    (s, f, n) AS CASE WHEN f = 0 OR n <= 0 OR -f > length(s) THEN '' ELSE substr(s, f, n) END;
CREATE MACRO trino.substr_bytes(s, f) AS athena_substr_bytes(s, f, 2147483647), (s, f, n) AS athena_substr_bytes(s, f, n);
CREATE MACRO trino.to_utf8(s) AS encode(s);
CREATE MACRO trino.from_utf8(b) AS athena_from_utf8(b, chr(65533)), (b, r) AS athena_from_utf8(b, r);

-- regular expressions
CREATE MACRO trino.regexp_count(s, p) AS CAST(len(regexp_extract_all(s, p)) AS BIGINT);
CREATE MACRO trino.regexp_extract(s, p) AS CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p) END,
    (s, p, n) AS CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p, n) END;
CREATE MACRO trino.regexp_extract_all(s, p) AS regexp_extract_all(s, p), (s, p, n) AS regexp_extract_all(s,
    p, n);
CREATE MACRO trino.regexp_like(s, p) AS regexp_matches(s, p);
CREATE MACRO trino.regexp_position(s, p) AS athena_regexp_position(s, p, 1, 1),
    (s, p, f) AS athena_regexp_position(s, p, f, 1), (s, p, f, n) AS athena_regexp_position(s, p, f, n);
CREATE MACRO trino.regexp_split(s, p) AS athena_regexp_split(s, p);

-- binary values
CREATE MACRO trino.crc32(b) AS athena_crc32(b);
CREATE MACRO trino.md5(b) AS athena_digest(b, 'md5');
CREATE MACRO trino.sha1(b) AS athena_digest(b, 'sha1');
CREATE MACRO trino.sha256(b) AS athena_digest(b, 'sha256');
CREATE MACRO trino.sha512(b) AS athena_digest(b, 'sha512');
CREATE MACRO trino.hmac_md5(b, k) AS athena_hmac(b, k, 'md5');
CREATE MACRO trino.hmac_sha1(b, k) AS athena_hmac(b, k, 'sha1');
CREATE MACRO trino.hmac_sha256(b, k) AS athena_hmac(b, k, 'sha256');
CREATE MACRO trino.hmac_sha512(b, k) AS athena_hmac(b, k, 'sha512');
CREATE MACRO trino.to_hex(b) AS hex(b);
CREATE MACRO trino.from_hex(s) AS athena_from_hex(s);
CREATE MACRO trino.to_base32(b) AS athena_encode(b, 'base32');
CREATE MACRO trino.to_base64(b) AS athena_encode(b, 'base64');
CREATE MACRO trino.to_base64url(b) AS athena_encode(b, 'base64url');
CREATE MACRO trino.from_base32(s) AS athena_decode(CAST(s AS VARCHAR), 'base32');
CREATE MACRO trino.from_base64(s) AS athena_decode(CAST(s AS VARCHAR), 'base64');
CREATE MACRO trino.from_base64url(s) AS athena_decode(CAST(s AS VARCHAR), 'base64url');
CREATE MACRO trino.to_big_endian_32(n) AS athena_pack_whole(n, 4);
CREATE MACRO trino.to_big_endian_64(n) AS athena_pack_whole(n, 8);
CREATE MACRO trino.from_big_endian_32(b) AS CAST(athena_unpack_whole(b, 4) AS INTEGER);
CREATE MACRO trino.from_big_endian_64(b) AS athena_unpack_whole(b, 8);
CREATE MACRO trino.to_ieee754_32(x) AS athena_pack_real(CAST(x AS DOUBLE), '>f');
CREATE MACRO trino.to_ieee754_64(x) AS athena_pack_real(CAST(x AS DOUBLE), '>d');
CREATE MACRO trino.from_ieee754_32(b) AS CAST(athena_unpack_real(b, '>f') AS FLOAT);
CREATE MACRO trino.from_ieee754_64(b) AS athena_unpack_real(b, '>d');

-- addresses
CREATE MACRO trino.url_encode(s) AS athena_url_encode(s);
CREATE MACRO trino.url_decode(s) AS athena_url_decode(s);
CREATE MACRO trino.url_extract_fragment(u) AS athena_url_part(u, 'fragment');
CREATE MACRO trino.url_extract_host(u) AS nullif(regexp_extract(u,
    '^[A-Za-z0-9+.-]+://(?:[^/@?#]*@)?([^/:?#]+)', 1), '');
CREATE MACRO trino.url_extract_parameter(u, name) AS athena_url_parameter(u, name);
CREATE MACRO trino.url_extract_path(u) AS athena_url_part(u, 'path');
CREATE MACRO trino.url_extract_port(u) AS CAST(athena_url_part(u, 'port') AS BIGINT);
CREATE MACRO trino.url_extract_protocol(u) AS athena_url_part(u, 'scheme');
CREATE MACRO trino.url_extract_query(u) AS athena_url_part(u, 'query');

-- arrays
CREATE MACRO trino.array_distinct(a) AS list_filter(a, lambda x, i: list_position(a, x) = i);
CREATE MACRO trino.array_except(a, b) AS trino.array_distinct(list_filter(a, lambda x: list_position(b, x)
    IS NULL));
CREATE MACRO trino.array_intersect(a, b) AS trino.array_distinct(list_filter(a, lambda x: list_position(b,
    x) IS NOT NULL));
CREATE MACRO trino.array_union(a, b) AS trino.array_distinct(list_concat(a, b));
CREATE MACRO trino.array_join(a, d) AS array_to_string(list_transform(list_filter(a, lambda x: x IS NOT
    NULL), lambda x: trino.text(x)), d),
    (a, d, n) AS array_to_string(list_transform(a, lambda x: coalesce(trino.text(x), n)), d);
CREATE MACRO trino.array_max(a) AS CASE WHEN len(list_filter(a, lambda x: x IS NULL)) = 0 THEN list_max(a)
    END;
CREATE MACRO trino.array_min(a) AS CASE WHEN len(list_filter(a, lambda x: x IS NULL)) = 0 THEN list_min(a)
    END;
CREATE MACRO trino.array_position(a, x) AS CASE WHEN a IS NOT NULL AND x IS NOT NULL THEN
    CAST(coalesce(list_position(a, x), 0) AS BIGINT) END;
CREATE MACRO trino.array_remove(a, v) AS list_filter(a, lambda x: x IS NULL OR x <> v);
CREATE MACRO trino.array_sort(a) AS list_sort(a, 'ASC', 'NULLS LAST');
CREATE MACRO trino.arrays_overlap(a, b) AS CASE WHEN list_has_any(a, b) THEN true
    WHEN list_position(a, NULL) IS NOT NULL OR list_position(b, NULL) IS NOT NULL THEN NULL
    WHEN a IS NOT NULL AND b IS NOT NULL THEN false END;
CREATE MACRO trino.combinations(a, n) AS list_transform(athena_combinations(CAST(len(a) AS BIGINT), n),
    lambda c: list_transform(c, lambda i: a[i]));
CREATE MACRO trino.contains(a, x) AS CASE WHEN list_contains(a, x) THEN true
    WHEN x IS NULL OR list_position(a, NULL) IS NOT NULL THEN NULL WHEN a IS NOT NULL THEN false END;
CREATE MACRO trino.contains_sequence(a, s) AS CASE WHEN a IS NOT NULL AND s IS NOT NULL THEN
    len(s) = 0 OR len(list_filter(range(1, CAST(len(a) AS BIGINT) - CAST(len(s) AS BIGINT) + 2), lambda i:
        a[i:i + len(s) - 1] = s)) > 0 END;
CREATE MACRO trino.element_at(x, i) AS CASE WHEN ends_with(typeof(x), ']') AND CAST(i AS VARCHAR) = '0'
    THEN error('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1') ELSE x[i] END;
CREATE MACRO trino.element_at_or_null(x, i) AS x[i];
CREATE MACRO trino.flatten(a) AS flatten(a);
CREATE MACRO trino.ngrams(a, n) AS CASE WHEN n <= 0 THEN
    error('INVALID_FUNCTION_ARGUMENT: N must be positive')
    ELSE list_transform(range(1, greatest(CAST(len(a) AS BIGINT) - n, 0) + 2), lambda i: a[i:i + n - 1])
        END;
CREATE MACRO trino.repeat(x, n) AS list_transform(range(n), lambda i: x);
CREATE MACRO trino.sequence(a, b) AS list_transform(range(CAST(abs(b - a) AS BIGINT) + 1),
        lambda i: a + CAST(CASE WHEN a <= b THEN i ELSE -i END AS INTEGER)),
    (a, b, s) AS CAST_TO_TYPE(list_filter(
        list_transform(range(CAST(len(generate_series(a, b, s)) AS BIGINT) + 1), lambda i: a + s * i),
        lambda d: d BETWEEN least(a, b) AND greatest(a, b)), [a]);
CREATE MACRO trino.shuffle(a) AS list_transform(list_sort(list_transform(a, lambda x: struct_pack(r :=
    random(), v := x))), lambda p: p.v);
CREATE MACRO trino.slice(a, f, n) AS CASE
    WHEN f = 0 THEN error('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1')
    WHEN n < 0 THEN error('INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0')
    WHEN n = 0 OR -f > len(a) THEN a[1:0] WHEN f > 0 THEN a[f:f + n - 1]
    ELSE a[CAST(len(a) AS BIGINT) + f + 1:CAST(len(a) AS BIGINT) + f + n] END;
CREATE MACRO trino.trim_array(a, n) AS CASE
    WHEN n < 0 THEN error('INVALID_FUNCTION_ARGUMENT: size must not be negative: ' || n)
    WHEN n > len(a) THEN error('INVALID_FUNCTION_ARGUMENT: size must not exceed array cardinality ' ||
        len(a) || ': ' || n)
    ELSE a[1:CAST(len(a) AS BIGINT) - n] END;

-- dates and times
CREATE MACRO trino.current_timezone() AS 'UTC';
CREATE MACRO trino.date(x) AS CAST(x AS DATE);
CREATE MACRO trino.last_day_of_month(x) AS last_day(x);
CREATE MACRO trino.from_iso8601_date(s) AS CAST(athena_iso_date(s) AS DATE);
CREATE MACRO trino.from_iso8601_timestamp(s) AS CAST(athena_iso_moment(s) AS TIMESTAMPTZ);
CREATE MACRO trino.from_unixtime(x) AS to_timestamp(CAST(x AS DOUBLE));
CREATE MACRO trino.from_unixtime_nanos(x) AS to_timestamp(x / CAST(1000000000 AS DOUBLE));
CREATE MACRO trino.to_unixtime(x) AS epoch(CAST(x AS TIMESTAMPTZ));
CREATE MACRO trino.to_iso8601(x) AS CASE typeof(x) WHEN 'DATE' THEN CAST(x AS VARCHAR)
    WHEN 'TIMESTAMP' THEN strftime(CAST(x AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%g')
    ELSE strftime(CAST(x AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%gZ') END;
CREATE MACRO trino.to_milliseconds(x) AS CAST(round(epoch(x) * 1000) AS BIGINT);
CREATE MACRO trino.date_trunc(u, x) AS CAST_TO_TYPE(date_trunc(u, x), x);
CREATE MACRO trino.date_add(u, n, x) AS CAST_TO_TYPE(x + CASE lower(u)
    WHEN 'millisecond' THEN to_milliseconds(n) WHEN 'second' THEN to_seconds(n) WHEN 'minute' THEN
        to_minutes(n)
    WHEN 'hour' THEN to_hours(n) WHEN 'day' THEN to_days(CAST(n AS INTEGER)) WHEN 'week' THEN
        to_weeks(CAST(n AS INTEGER))
    WHEN 'month' THEN to_months(CAST(n AS INTEGER)) WHEN 'quarter' THEN to_months(CAST(3 * n AS INTEGER))
    WHEN 'year' THEN to_years(CAST(n AS INTEGER)) END, x);
CREATE MACRO trino.date_diff(u, a, b) AS date_sub(lower(u), a, b);
CREATE MACRO trino.parse_duration(s) AS to_milliseconds(athena_duration(s));
CREATE MACRO trino.human_readable_seconds(x) AS athena_readable_seconds(CAST(x AS DOUBLE));
CREATE MACRO trino.date_format(x, p) AS athena_date_format(CAST(x AS TIMESTAMP), p);
CREATE MACRO trino.date_parse(s, p) AS athena_date_parse(s, p);
CREATE MACRO trino.format_datetime(x, p) AS athena_format_datetime(CAST(x AS TIMESTAMP), p);
CREATE MACRO trino.parse_datetime(s, p) AS CAST(athena_parse_datetime(s, p) AS TIMESTAMPTZ);
CREATE MACRO trino.week(x) AS weekofyear(x);
CREATE MACRO trino.week_of_year(x) AS weekofyear(x);
CREATE MACRO trino.year_of_week(x) AS isoyear(x);
CREATE MACRO trino.yow(x) AS isoyear(x);
CREATE MACRO trino.day_of_month(x) AS day(x);
CREATE MACRO trino.day_of_week(x) AS isodow(x);
CREATE MACRO trino.dow(x) AS isodow(x);
CREATE MACRO trino.day_of_year(x) AS dayofyear(x);
CREATE MACRO trino.doy(x) AS dayofyear(x);
CREATE MACRO trino.millisecond(x) AS millisecond(x) % 1000;
CREATE MACRO trino.timezone_hour(x) AS 0 * year(x);
CREATE MACRO trino.timezone_minute(x) AS 0 * year(x);

-- JSON
CREATE MACRO trino.is_json_scalar(j) AS json_type(j) NOT IN ('OBJECT', 'ARRAY');
CREATE MACRO trino.json_parse(s) AS CASE WHEN json_valid(s) THEN json(s)
    WHEN s IS NOT NULL THEN error('INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: ''' || s ||
        '''') END;
CREATE MACRO trino.json_parse_or_null(s) AS CASE WHEN json_valid(s) THEN json(s) END;
CREATE MACRO trino.json_format(j) AS CAST(json(j) AS VARCHAR);
CREATE MACRO trino.json_array_contains(j, v) AS athena_json_contains(CAST(j AS VARCHAR), CAST(to_json(v) AS
    VARCHAR));
CREATE MACRO trino.json_array_get(j, i) AS CAST(athena_json_element(CAST(j AS VARCHAR), i) AS JSON);
CREATE MACRO trino.json_array_length(j) AS CAST(CASE WHEN json_valid(CAST(j AS VARCHAR)) AND json_type(j) =
    'ARRAY' THEN json_array_length(j) END AS BIGINT);
CREATE MACRO trino.json_extract(j, p) AS CAST(athena_json_extract(CAST(j AS VARCHAR), p) AS JSON);
CREATE MACRO trino.json_extract_scalar(j, p) AS athena_json_scalar(CAST(j AS VARCHAR), p);
CREATE MACRO trino.json_size(j, p) AS athena_json_size(CAST(j AS VARCHAR), p);
CREATE MACRO trino.json_exists(j, p) AS athena_json_exists(CAST(j AS VARCHAR), p);
CREATE MACRO trino.json_value(j, p, on_empty, on_error) AS athena_json_value(CAST(j AS VARCHAR), p,
    on_empty, on_error);
CREATE MACRO trino.json_query(j, p, wrapper, quotes) AS athena_json_query(CAST(j AS VARCHAR), p, wrapper,
    quotes);

-- aggregates over groups
CREATE MACRO trino.skewness(x) AS skewness(x) * (count(x) - 2) / sqrt(CAST(count(x) * (count(x) - 1) AS
    DOUBLE));
