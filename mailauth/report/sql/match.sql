-- Finds the records of the lines that do not have one yet. The line and the record of a login are written under one
-- lock with one stamp; equal ones are matched in order.
UPDATE lines
SET record = matched.record
FROM (
    WITH unmatched_lines AS (
        SELECT ordinal, time, verdict, account, address,
            row_number() OVER (PARTITION BY time, verdict, account, address ORDER BY ordinal) AS turn
        FROM lines
        WHERE record IS NULL AND damaged IS NULL
    ),
    successes AS (
        SELECT ordinal, date_trunc('milliseconds', time) AS time, record_verdict(protocol, secure) AS verdict,
            "user" AS account, ip AS address
        FROM records
        WHERE kind = 'login' AND result = 'success' AND damaged IS NULL AND has_line(source, secure, "user")
            AND time >= (SELECT min(time) FROM unmatched_lines)
    ),
    unmatched_records AS (
        SELECT *, row_number() OVER (PARTITION BY time, verdict, account, address ORDER BY ordinal) AS turn
        FROM successes
        ANTI JOIN (SELECT record AS ordinal FROM lines WHERE record IS NOT NULL) AS taken USING (ordinal)
    )
    SELECT unmatched_lines.ordinal, unmatched_records.ordinal AS record
    FROM unmatched_lines
    JOIN unmatched_records USING (time, verdict, account, address, turn)
) AS matched
WHERE lines.ordinal = matched.ordinal
