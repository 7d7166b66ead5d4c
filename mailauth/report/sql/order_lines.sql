-- Orders lines by their times. In a sorted file, no line is taken to be earlier than those before it.
WITH held AS (
    SELECT
        file, line,
        CASE
            WHEN bool_or(stepped_back) OVER (PARTITION BY file) THEN time
            ELSE max(time) OVER (PARTITION BY file ORDER BY line)
        END AS held
    FROM lines
    WHERE damaged IS NULL
),
ranked AS (
    SELECT file, line, row_number() OVER (ORDER BY held, file, line) AS rank FROM held
)
UPDATE lines SET ordinal = ranked.rank FROM ranked WHERE lines.file = ranked.file AND lines.line = ranked.line
