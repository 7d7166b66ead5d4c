-- Passwords that were sent in the clear and have not been changed since, for LAN and Internet separately. Refused
-- logins count, since the password was sent. A disabled account has no password to lose.
WITH exposed AS (
    SELECT
        records.*,
        coalesce(records.count, 1) AS times,
        client_text(client_name, client_version) AS client,
        CASE WHEN origin = 'LAN' THEN 'LAN' ELSE 'Internet' END AS network
    FROM records
    LEFT JOIN password_changes AS changes ON changes.account = records."user"
    WHERE kind = 'login' AND "user" IS NOT NULL AND damaged IS NULL
        AND still_exposed(exposed, records.ordinal, changes.changed, changes.disabled)
        AND in_period(time)
        AND is_wanted("user", protocol)
)
SELECT
    "user" AS account,
    network,
    min_by(time, ordinal) AS first,
    max_by(time, ordinal) AS last,
    CAST(sum(times) AS BIGINT) AS count,
    CAST(coalesce(sum(times) FILTER (result = 'success'), 0) AS BIGINT) AS accepted,
    CAST(coalesce(sum(times) FILTER (result <> 'success'), 0) AS BIGINT) AS refused,
    string_agg(DISTINCT protocol, ', ' ORDER BY protocol) AS services,
    string_agg(DISTINCT listener, ', ' ORDER BY listener) AS listeners,
    max_by(ip, ordinal) AS address,
    max_by(origin, ordinal) AS origin,
    max_by(client, ordinal) AS client
FROM exposed
GROUP BY "user", network
ORDER BY network, last DESC, account
