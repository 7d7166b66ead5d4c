-- Removes lines that are in more than one file: copies of a log overlap, logins do not.
DELETE FROM lines
WHERE damaged IS NULL AND (file, line) IN (
    SELECT (file, line)
    FROM (
        SELECT file, line, min(file) OVER (PARTITION BY time, verdict, account, address, origin, turn) AS first_file
        FROM (
            SELECT *, row_number() OVER (
                PARTITION BY file, time, verdict, account, address, origin ORDER BY line
            ) AS turn
            FROM lines
            WHERE damaged IS NULL
        )
    )
    WHERE file <> first_file
)
