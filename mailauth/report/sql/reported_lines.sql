-- Makes lines of reported successes that have none, since their verdict or their account is unknown. Each follows the
-- line of the record before it.
INSERT INTO lines
WITH untold AS (
    SELECT *
    FROM records
    ANTI JOIN (SELECT record AS ordinal FROM lines WHERE record IS NOT NULL) AS taken USING (ordinal)
    WHERE kind = 'login' AND result = 'success' AND damaged IS NULL AND is_reported(source)
        AND NOT has_line(source, secure, "user")
),
before AS (
    SELECT ordinal AS line_ordinal, record FROM lines WHERE record IS NOT NULL
)
SELECT
    coalesce(before.line_ordinal, 0), untold.file, untold.line, date_trunc('milliseconds', untold.time),
    foreign_verdict(protocol, secure), coalesce("user", ''), ip, origin, NULL, NULL, untold.ordinal
FROM untold
ASOF LEFT JOIN before ON untold.ordinal >= before.record
