-- The logins of the period by time (in units of the variable `unit`), service, country and mechanism in one pass:
-- times in order, others by size.
WITH shared AS (
    SELECT
        CASE getvariable('unit')
            WHEN 'hour' THEN strftime(date_trunc('hour', time), '%Y-%m-%dT%H:%M')
            WHEN 'day' THEN strftime(date_trunc('day', time), '%Y-%m-%d')
            WHEN 'month' THEN strftime(date_trunc('month', time), '%Y-%m')
        END AS time,
        service,
        origin AS country,
        coalesce(mechanism, 'unknown') AS mechanism,
        secure
    FROM sign_ins
    WHERE is_counted(time, secure)
)
SELECT
    CASE grouping_id(time, service, country, mechanism)
        WHEN 7 THEN 'time'
        WHEN 11 THEN 'service'
        WHEN 13 THEN 'country'
        WHEN 14 THEN 'mechanism'
    END AS shared_by,
    coalesce(time, service, country, mechanism) AS label,
    count(*) FILTER (secure) AS secure,
    count(*) FILTER (NOT secure) AS unsecure,
    count(*) FILTER (secure IS NULL) AS unknown
FROM shared
GROUP BY GROUPING SETS ((time), (service), (country), (mechanism))
ORDER BY shared_by, CASE WHEN shared_by = 'time' THEN 0 ELSE count(*) END DESC, label
