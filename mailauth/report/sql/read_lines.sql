-- Parses a chunk of SuccessfulLogins.log as `mailauth.record.line.parse_line` does (names stay escaped).
-- $1 lines joined by line feeds, $2 the number of the file, $3 the number of the line before the first one,
-- $4 the time at the beginning of that line.
--
-- A line that splits into its four parts is read from them. Others, such as one with " - " in its name, need the
-- whole grammar, which costs ten times as much.
INSERT INTO lines
WITH chunk AS (
    SELECT string_split(text, chr(10)) AS rows FROM (VALUES ($1)) AS given(text)
),
raw AS (
    SELECT unnest(rows) AS text, generate_subscripts(rows, 1) AS number FROM chunk
),
split AS (
    SELECT number, text, string_split(text, ' - ') AS parts FROM raw
),
pieces AS (
    SELECT number, text, parts, len(parts) = 4 AS quartered, string_split(parts[4], ' (') AS ending FROM split
),
simple AS (
    SELECT
        number, text,
        CASE
            WHEN quartered AND len(ending) = 2 AND parts[3] <> '' AND is_address(ending[1])
                AND strlen(ending[2]) > 1 AND suffix(ending[2], ')')
            THEN struct_pack(
                time := parts[1], verdict := parts[2],
                account := parts[3], address := ending[1], origin := ending[2][:-2]
            )
            WHEN is_address(split_line(text).address) THEN split_line(text)
        END AS found
    FROM pieces
),
read AS (
    SELECT
        number, text,
        printed_time(found.time) AS time,
        TRY_CAST(found.verdict AS verdict) AS verdict,
        found.account AS account, found.address AS address, found.origin AS origin
    FROM simple
),
ordered AS (
    SELECT *, time < lag(time, 1, printed_time($4)) OVER () - INTERVAL 1 HOUR AS stepped_back FROM read
)
SELECT
    ($2::UBIGINT << 32) + $3::UBIGINT + number::UBIGINT,
    $2, $3 + number,
    time, verdict, account, address, origin, stepped_back,
    CASE WHEN time IS NULL OR verdict IS NULL OR account IS NULL THEN true END,
    NULL
FROM ordered
