-- Notes the accounts that differ from another only in letter case, and their common spelling.
INSERT OR REPLACE INTO spellings
WITH names AS (
    SELECT "user" AS spelling, 1 AS place, min(ordinal) AS first
    FROM records
    WHERE damaged IS NULL AND "user" IS NOT NULL
    GROUP BY "user"
    UNION ALL
    SELECT account, 2, min(ordinal) FROM lines WHERE damaged IS NULL GROUP BY account
    UNION ALL
    SELECT spelling, 3, 0 FROM spellings
),
named AS (
    SELECT spelling, min_by(place, place) AS place, min_by(first, place) AS first FROM names GROUP BY spelling
)
SELECT spelling, first_value(spelling) OVER (PARTITION BY lower(spelling) ORDER BY place, first, spelling) AS account
FROM named
QUALIFY account <> spelling;
DELETE FROM spellings WHERE spelling IN (SELECT account FROM spellings)
