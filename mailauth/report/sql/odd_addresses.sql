-- The IPv6 addresses that may differ from the form of RFC 5952: all but those of eight groups none of which begins
-- with a zero. $1 the file, $2 the line after which they are new.
SELECT DISTINCT address
FROM lines
WHERE file = $1 AND line > $2 AND damaged IS NULL AND contains(address, ':')
    AND regexp_matches(address, '[A-F.%]|(^|:)0|::')
