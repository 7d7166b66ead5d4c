-- Accounts without a SECURE login, and accounts without a login for `days` before `now` (variables of the
-- connection). `accounts` are the expected ones; accounts in the logs are included as well.
WITH seen AS (
    SELECT
        account,
        max(time) AS last,
        max(time) FILTER (secure) AS last_secure,
        count(*) AS logins,
        count(*) FILTER (secure IS NULL) AS unknown
    FROM sign_ins
    WHERE in_period(time) AND account <> ''
    GROUP BY account
),
expected AS (
    SELECT unnest(CAST(getvariable('accounts') AS VARCHAR[])) AS account
),
everybody AS (
    SELECT account, lower(account) AS folded FROM expected WHERE is_of_account(account)
    UNION
    SELECT account, lower(account) FROM seen WHERE lower(account) NOT IN (SELECT lower(account) FROM expected)
),
stated AS (
    SELECT
        everybody.account,
        last,
        last_secure,
        coalesce(logins, 0) AS logins,
        coalesce(unknown, 0) AS unknown,
        date_diff('day', last, CAST(getvariable('now') AS TIMESTAMP)) AS days,
        last_secure IS NULL AS never_secure
    FROM everybody
    LEFT JOIN seen ON lower(seen.account) = everybody.folded
)
SELECT *
FROM stated
WHERE never_secure OR days >= CAST(getvariable('days') AS BIGINT)
ORDER BY never_secure DESC, last NULLS FIRST, account
