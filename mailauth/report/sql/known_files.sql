-- The files whose lines are in the tables.
SELECT file, content, device, inode, size, modified, read_to, lines, fingerprint FROM files ORDER BY file
