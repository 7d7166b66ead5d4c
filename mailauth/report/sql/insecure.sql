-- The insecure logins of the period, fixed since or not, by account, service and client. A client without a name
-- is identified by its address, and so is one without an account.
WITH placed AS (
    SELECT *, CASE WHEN account = '' THEN address ELSE '' END AS place FROM sign_ins
),
clients AS (
    SELECT
        account,
        service,
        place,
        coalesce(client_name, address) AS named,
        max(ordinal) AS last_ordinal,
        min_by(time, ordinal) FILTER (in_period(time)) AS first,
        max_by(time, ordinal) FILTER (in_period(time)) AS last,
        count(*) FILTER (in_period(time)) AS count,
        max_by(struct_pack(address, origin, listener, port, client), ordinal)
            FILTER (in_period(time)) AS latest,
        bool_or(still_exposed) FILTER (in_period(time)) AS exposed
    FROM placed
    WHERE NOT secure
    GROUP BY account, service, place, named
),
secured AS (
    SELECT account, service, place, max(ordinal) AS last_ordinal, max_by(time, ordinal) AS last
    FROM placed
    WHERE secure
    GROUP BY account, service, place
),
untold AS (
    SELECT account, service, count(*) AS unknown
    FROM sign_ins
    WHERE secure IS NULL AND in_period(time)
    GROUP BY account, service
)
SELECT
    clients.account,
    clients.service,
    latest.client AS client,
    latest.address AS address,
    latest.origin AS origin,
    latest.listener AS listener,
    latest.port AS port,
    first,
    clients.last AS last,
    count,
    coalesce(untold.unknown, 0) AS unknown,
    secured.last AS last_secure,
    secured.last_ordinal IS NULL OR secured.last_ordinal < clients.last_ordinal AS open,
    exposed
FROM clients
LEFT JOIN secured USING (account, service, place)
LEFT JOIN untold USING (account, service)
WHERE count > 0
ORDER BY open DESC, clients.last_ordinal DESC, clients.account, clients.service, named
