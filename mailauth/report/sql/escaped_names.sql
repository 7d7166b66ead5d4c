-- The printed names that contain a percent sign. $1 the file, $2 the line after which they are new.
SELECT DISTINCT account
FROM lines
WHERE file = $1 AND line > $2 AND damaged IS NULL AND contains(account, '%')
