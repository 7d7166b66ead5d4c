-- The journal that has the record of the latest UNSECURE login of each account and service, if there is one.
WITH latest AS (
    SELECT account, CAST(verdict AS VARCHAR)[2:5] AS service, max_by(record, ordinal, 1)[1] AS record
    FROM lines
    WHERE enum_code(verdict) BETWEEN 4 AND 7 AND damaged IS NULL
    GROUP BY account, service
)
SELECT latest.account, latest.service, records.file, records.source
FROM latest
JOIN records ON records.ordinal = latest.record
