-- The number of logins in the period, and their times.
SELECT
    count(*) AS logins,
    count(*) FILTER (NOT secure) AS unsecure,
    count(*) FILTER (secure IS NULL) AS unknown,
    count(DISTINCT nullif(account, '')) AS accounts,
    min_by(time, ordinal) AS first,
    max_by(time, ordinal) AS last
FROM sign_ins
WHERE is_counted(time, secure)
