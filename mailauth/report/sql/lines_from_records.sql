-- The journal's successes become logins if there is no SuccessfulLogins.log ($1); those of other servers' logs
-- always do.
INSERT INTO lines
SELECT
    ordinal, file, line, date_trunc('milliseconds', time),
    CASE WHEN source IS NULL THEN record_verdict(protocol, secure) ELSE foreign_verdict(protocol, secure) END,
    coalesce("user", ''), ip, origin, NULL, NULL, ordinal
FROM records, range(coalesce(count, 1))
WHERE kind = 'login' AND result = 'success' AND damaged IS NULL
    AND (source IS NOT NULL OR $1 AND record_verdict(protocol, secure) IS NOT NULL AND "user" IS NOT NULL)
