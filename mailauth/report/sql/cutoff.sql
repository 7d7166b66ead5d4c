-- A rehearsal: the clients that would fail if cleartext were refused today. A client is listed if its last login
-- to a service in the period was UNSECURE, and no SECURE one by the same client or from its address followed. If
-- another server's log does not say, it may have been UNSECURE.
WITH clients AS (
    SELECT
        service,
        listener,
        account,
        coalesce(client_name, address) AS named,
        max(ordinal) AS last_ordinal,
        max_by(time, ordinal) AS last,
        count(*) AS count,
        max_by(struct_pack(secure, port, address, origin, client, client_name), ordinal) AS latest
    FROM sign_ins
    WHERE secure IS DISTINCT FROM true AND in_period(time)
    GROUP BY service, listener, account, named
),
secured_names AS (
    SELECT account, service, client_name, max(ordinal) AS last_ordinal
    FROM sign_ins
    WHERE secure AND client_name IS NOT NULL AND account <> ''
    GROUP BY account, service, client_name
),
secured_addresses AS (
    SELECT account, service, address, max(ordinal) AS last_ordinal
    FROM sign_ins
    SEMI JOIN clients USING (account, service)
    WHERE secure
    GROUP BY account, service, address
)
SELECT
    clients.listener AS listener,
    latest.port AS port,
    clients.service AS service,
    clients.account AS account,
    CASE WHEN latest.secure IS NULL THEN 'UNKNOWN' ELSE 'UNSECURE' END AS verdict,
    latest.client AS client,
    latest.address AS address,
    latest.origin AS origin,
    last,
    count
FROM clients
LEFT JOIN secured_names ON secured_names.account = clients.account
    AND secured_names.service = clients.service AND secured_names.client_name = latest.client_name
LEFT JOIN secured_addresses ON secured_addresses.account = clients.account
    AND secured_addresses.service = clients.service AND secured_addresses.address = latest.address
WHERE greatest(coalesce(secured_names.last_ordinal, 0), coalesce(secured_addresses.last_ordinal, 0))
    < clients.last_ordinal
ORDER BY clients.service, latest.port, clients.listener, clients.last_ordinal DESC, clients.account
