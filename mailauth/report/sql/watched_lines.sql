-- Makes lines of the new successes of journals ($1), in the order of their own times.
INSERT INTO lines
SELECT
    (epoch_us(instant)::UBIGINT << 11) + (ordinal & 2047), file, line, date_trunc('milliseconds', time),
    foreign_verdict(protocol, secure), coalesce("user", ''), ip, origin, NULL, NULL, ordinal
FROM records, range(coalesce(count, 1))
WHERE kind = 'login' AND result = 'success' AND damaged IS NULL
    AND file IN (SELECT unnest($1)) AND ordinal NOT IN (SELECT record FROM lines WHERE record IS NOT NULL)
