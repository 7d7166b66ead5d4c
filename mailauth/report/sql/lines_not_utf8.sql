SELECT file, line FROM not_utf8 ORDER BY file, line
