-- Removes the rows of an unfinished reading.
DELETE FROM lines WHERE line > coalesce((SELECT files.lines FROM files WHERE files.file = lines.file), 0);
DELETE FROM not_utf8
WHERE line > coalesce((SELECT files.lines FROM files WHERE files.file = not_utf8.file), 0);
DELETE FROM records WHERE line > coalesce((SELECT files.lines FROM files WHERE files.file = records.file), 0)
