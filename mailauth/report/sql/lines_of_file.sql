-- How many lines of a file are in the tables. $1 the file.
SELECT (SELECT count(*) FROM lines WHERE file = $1) + (SELECT count(*) FROM records WHERE file = $1)
