-- Passwords that crossed the wire in clear and have not been changed since, LAN and Internet apart.
-- Refused logins count: the password was sent. A disabled account has no password to lose.
WITH changes AS (
    SELECT
        "user" AS account,
        max(ordinal) FILTER (reason = 'password-changed') AS changed,
        coalesce(max_by(reason, ordinal) FILTER (reason IN ('disabled', 'enabled')) = 'disabled', false) AS disabled
    FROM records
    WHERE kind = 'account' AND "user" IS NOT NULL AND damaged IS NULL
    GROUP BY "user"
),
exposed AS (
    SELECT
        records.*,
        client_text(client_name, client_version) AS client,
        CASE WHEN origin = 'LAN' THEN 'LAN' ELSE 'Internet' END AS network
    FROM records
    LEFT JOIN changes ON changes.account = records."user"
    WHERE kind = 'login' AND exposed AND "user" IS NOT NULL AND damaged IS NULL
        AND (changes.changed IS NULL OR records.ordinal > changes.changed)
        AND NOT coalesce(changes.disabled, false)
        AND in_period(time)
        AND is_wanted("user", protocol)
)
SELECT
    "user" AS account,
    network,
    min_by(time, ordinal) AS first,
    max_by(time, ordinal) AS last,
    count(*) AS count,
    count(*) FILTER (result = 'success') AS accepted,
    count(*) FILTER (result <> 'success') AS refused,
    string_agg(DISTINCT protocol, ', ' ORDER BY protocol) AS services,
    string_agg(DISTINCT listener, ', ' ORDER BY listener) AS listeners,
    max_by(ip, ordinal) AS address,
    max_by(origin, ordinal) AS origin,
    max_by(client, ordinal) AS client
FROM exposed
GROUP BY "user", network
ORDER BY network, last DESC, account
