-- What stands in the logs in the period.
SELECT
    count(*) AS logins,
    count(*) FILTER (NOT secure) AS unsecure,
    count(*) FILTER (secure IS NULL) AS unknown,
    count(DISTINCT nullif(account, '')) AS accounts,
    min_by(time, ordinal) AS first,
    max_by(time, ordinal) AS last
FROM sign_ins
WHERE is_counted(time, secure)
