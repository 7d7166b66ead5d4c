-- Where there is no SuccessfulLogins.log, the journal's successes are the logins.
INSERT INTO lines
SELECT
    ordinal, file, line, date_trunc('milliseconds', time), record_verdict(protocol, secure),
    "user", ip, origin, NULL, NULL, ordinal
FROM records
WHERE kind = 'login' AND result = 'success' AND damaged IS NULL
    AND record_verdict(protocol, secure) IS NOT NULL AND "user" IS NOT NULL
