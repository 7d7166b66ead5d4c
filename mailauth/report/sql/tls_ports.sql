-- The latest port with implicit TLS of each service in each journal, the latest last.
SELECT file, protocol, max_by(local_port, ordinal) AS port
FROM records
WHERE security = 'implicit' AND source IS NULL AND local_port IS NOT NULL AND damaged IS NULL
    AND protocol IN ('SMTP', 'IMAP', 'POP3', 'HTTP')
GROUP BY file, protocol
ORDER BY max(ordinal)
