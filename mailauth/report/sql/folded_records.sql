UPDATE records
SET "user" = spellings.account
FROM spellings
WHERE damaged IS NULL AND records."user" = spellings.spelling
