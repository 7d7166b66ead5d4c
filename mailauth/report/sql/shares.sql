-- The logins of the period, shared out by what the variable `shared_by` names: times in their order, else the
-- largest share first.
SELECT
    CASE getvariable('shared_by')
        WHEN 'service' THEN service
        WHEN 'country' THEN origin
        WHEN 'mechanism' THEN coalesce(mechanism, 'unknown')
        WHEN 'client' THEN coalesce(client, 'unknown')
        WHEN 'account' THEN account
        WHEN 'hour' THEN strftime(date_trunc('hour', time), '%Y-%m-%dT%H:%M')
        WHEN 'day' THEN strftime(time, '%Y-%m-%d')
        WHEN 'month' THEN strftime(time, '%Y-%m')
    END AS label,
    count(*) FILTER (secure) AS secure,
    count(*) FILTER (NOT secure) AS unsecure
FROM sign_ins
WHERE in_period(time)
GROUP BY label
ORDER BY CASE WHEN getvariable('shared_by') IN ('hour', 'day', 'month') THEN 0 ELSE count(*) END DESC, label
