-- The logins of the period by network: this host, the LAN, the Internet.
SELECT
    CASE
        WHEN starts_with(address, '127.') OR address = '::1' THEN 'this host'
        WHEN origin = 'LAN' THEN 'the LAN'
        ELSE 'the Internet'
    END AS label,
    count(*) FILTER (secure) AS secure,
    count(*) FILTER (NOT secure) AS unsecure,
    count(*) FILTER (secure IS NULL) AS unknown
FROM sign_ins
WHERE is_counted(time, secure)
GROUP BY label
ORDER BY label = 'this host', label = 'the LAN'
