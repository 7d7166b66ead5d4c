-- Orders records by their instants.
WITH ranked AS (
    SELECT file, line, row_number() OVER (ORDER BY instant, file, line) AS rank
    FROM records
    WHERE damaged IS NULL
)
UPDATE records SET ordinal = ranked.rank FROM ranked WHERE records.file = ranked.file AND records.line = ranked.line
