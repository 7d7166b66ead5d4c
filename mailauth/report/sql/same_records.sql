-- Removes records of other servers' logs that are also in another file; one that has TLS facts is kept.
DELETE FROM records
WHERE source IS NOT NULL AND (file, line) IN (
    SELECT (file, line)
    FROM (
        SELECT file, line, row_number() OVER (PARTITION BY source, id ORDER BY secure IS NULL, file, line) AS turn
        FROM records
        WHERE source IS NOT NULL
    )
    WHERE turn > 1
)
