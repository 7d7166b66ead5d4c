-- The journal's successes become logins if there is no SuccessfulLogins.log ($1); those of other servers' logs
-- always do. What was reported without a line is in `reported_lines`.
INSERT INTO lines
SELECT
    ordinal, file, line, date_trunc('milliseconds', time),
    CASE WHEN source IS NULL THEN record_verdict(protocol, secure) ELSE foreign_verdict(protocol, secure) END,
    coalesce("user", ''), ip, origin, NULL, NULL, ordinal
FROM records, range(coalesce(count, 1))
WHERE kind = 'login' AND result = 'success' AND damaged IS NULL
    AND CASE
        WHEN source IS NULL THEN $1 AND record_verdict(protocol, secure) IS NOT NULL AND "user" IS NOT NULL
        WHEN is_reported(source) THEN $1
        ELSE true
    END
