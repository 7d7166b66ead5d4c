-- The accounts of which a login, or an attempt to log in, is recorded.
SELECT DISTINCT account FROM lines WHERE damaged IS NULL AND account <> ''
UNION
SELECT DISTINCT "user" FROM records WHERE damaged IS NULL AND "user" IS NOT NULL
ORDER BY account
