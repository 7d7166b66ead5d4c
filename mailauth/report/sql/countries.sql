-- Logins by country and account. `new` is a country that an account first logged in from after it had logged in
-- from elsewhere; the LAN is never new.
WITH firsts AS (
    SELECT
        origin,
        account,
        min(ordinal) AS first_ordinal,
        min_by(time, ordinal) AS first,
        max_by(time, ordinal) AS last,
        count(*) FILTER (is_counted(time, secure)) AS logins,
        count(*) FILTER (NOT secure AND is_counted(time, secure)) AS unsecure,
        count(*) FILTER (secure IS NULL AND is_counted(time, secure)) AS unknown,
        max_by(time, ordinal) FILTER (is_counted(time, secure)) AS last_in_period
    FROM sign_ins
    GROUP BY origin, account
),
ranked AS (
    SELECT
        *,
        origin <> 'LAN' AND first_ordinal > min(first_ordinal) OVER (PARTITION BY account) AS new
    FROM firsts
)
SELECT
    origin AS country,
    CAST(sum(logins) OVER (PARTITION BY origin) AS BIGINT) AS country_logins,
    account,
    logins,
    unsecure,
    unknown,
    first,
    last_in_period AS last,
    new
FROM ranked
WHERE logins > 0
ORDER BY country_logins DESC, country, logins DESC, account
