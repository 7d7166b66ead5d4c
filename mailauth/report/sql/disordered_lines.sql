-- Whether the order of files and lines differs from the order of their times.
WITH spans AS (
    SELECT file, min(time) AS first, max(time) AS last, bool_or(stepped_back) AS unsorted
    FROM lines
    WHERE damaged IS NULL
    GROUP BY file
)
SELECT coalesce(bool_or(coalesce(unsorted, false) OR coalesce(too_early, false)), false)
FROM (SELECT unsorted, first < max(last) OVER (ORDER BY file ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS too_early FROM spans)
