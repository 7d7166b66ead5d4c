-- The files with bad lines: how many lines, how many bad ones, and the first $1 of those.
SELECT
    file,
    count(*) AS lines,
    count(damaged) AS bad,
    list_sort(min(line, $1::BIGINT) FILTER (damaged IS NOT NULL)) AS first
FROM (SELECT file, line, damaged FROM lines UNION ALL SELECT file, line, damaged FROM records)
GROUP BY file
HAVING bad > 0
ORDER BY file
