-- One case for each account and service: opened at the first UNSECURE login, fixed at the first SECURE one to
-- the same service that no UNSECURE one follows. `reopened` counts how often it only seemed to be fixed. A period
-- shows the cases that were open in it, in their current state.
WITH concerned AS (
    SELECT DISTINCT account, service FROM sign_ins WHERE NOT secure AND account <> ''
),
turns AS (
    SELECT
        *,
        coalesce(lag(secure) OVER (PARTITION BY account, service ORDER BY ordinal), false) AS secure_before,
        coalesce(NOT lag(secure) OVER (PARTITION BY account, service ORDER BY ordinal), false) AS unsecure_before
    FROM sign_ins
    SEMI JOIN concerned USING (account, service)
    WHERE secure IS NOT NULL
),
counted AS (
    SELECT
        account,
        service,
        min_by(struct_pack(time, instant), ordinal) FILTER (NOT secure) AS opened,
        max_by(
            struct_pack(ordinal, time, address, origin, listener, port, client), ordinal
        ) FILTER (NOT secure) AS latest,
        max_by(struct_pack(ordinal, time, instant), ordinal) FILTER (secure AND unsecure_before) AS turned,
        count(*) FILTER (NOT secure) AS unsecure,
        count(*) FILTER (NOT secure AND secure_before)
            - CAST(min_by(secure_before, ordinal) FILTER (NOT secure) AS BIGINT) AS reopened,
        bool_or(still_exposed) FILTER (NOT secure) AS exposed
    FROM turns
    GROUP BY account, service
),
untold AS (
    SELECT account, service, count(*) AS unknown FROM sign_ins WHERE secure IS NULL GROUP BY account, service
),
stated AS (
    SELECT *, turned IS NULL OR turned.ordinal < latest.ordinal AS open FROM counted
)
SELECT
    account,
    service,
    open,
    opened.time AS opened,
    latest.time AS last_unsecure,
    unsecure,
    coalesce(untold.unknown, 0) AS unknown,
    CASE WHEN NOT open THEN turned.time END AS fixed,
    CASE WHEN NOT open THEN greatest(0, date_diff('millisecond',
        CASE WHEN opened.instant IS NULL OR turned.instant IS NULL THEN opened.time ELSE opened.instant END,
        CASE WHEN opened.instant IS NULL OR turned.instant IS NULL THEN turned.time ELSE turned.instant END
    )) / 1000 END AS time_to_fix,
    reopened,
    latest.listener AS listener,
    latest.port AS port,
    latest.address AS address,
    latest.origin AS origin,
    latest.client AS client,
    exposed
FROM stated
LEFT JOIN untold USING (account, service)
WHERE (getvariable('until') IS NULL OR opened.time < getvariable('until')::TIMESTAMP)
    AND (getvariable('since') IS NULL OR open OR turned.time >= getvariable('since')::TIMESTAMP)
ORDER BY open DESC, CASE WHEN open THEN latest.ordinal ELSE turned.ordinal END DESC, account, service
