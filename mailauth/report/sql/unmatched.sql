-- How many successes of the journal have no line.
SELECT count(*)
FROM records
ANTI JOIN lines ON lines.record = records.ordinal
WHERE kind = 'login' AND result = 'success' AND damaged IS NULL AND has_line(source, secure, "user")
