-- The addresses that logins and attempts came from.
SELECT address FROM lines WHERE damaged IS NULL
UNION
SELECT ip FROM records WHERE damaged IS NULL AND ip IS NOT NULL
