-- Whether journals overlap. One journal is in order: some records are written up to a second after their time.
WITH spans AS (
    SELECT file, min(instant) AS first, max(instant) AS last FROM records WHERE damaged IS NULL GROUP BY file
)
SELECT coalesce(bool_or(coalesce(too_early, false)), false)
FROM (
    SELECT first < max(last) OVER (ORDER BY file ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        - INTERVAL 2 SECONDS AS too_early
    FROM spans
)
