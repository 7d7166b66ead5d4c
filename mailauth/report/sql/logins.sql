-- Which user logged in, when, how and from where.
SELECT
    time,
    account,
    service,
    CASE WHEN secure THEN 'SECURE' WHEN NOT secure THEN 'UNSECURE' ELSE 'UNKNOWN' END AS verdict,
    address,
    origin,
    listener,
    port,
    security,
    mechanism,
    tls_version,
    client,
    exposed
FROM sign_ins
WHERE is_counted(time, secure)
ORDER BY CASE WHEN getvariable('newest_first') THEN -CAST(ordinal AS BIGINT) ELSE CAST(ordinal AS BIGINT) END
