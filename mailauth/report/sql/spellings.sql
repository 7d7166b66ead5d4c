-- All spellings of each account that has several, the one in use first.
SELECT list_concat([account], list(spelling ORDER BY spelling)) FROM spellings GROUP BY account ORDER BY account
