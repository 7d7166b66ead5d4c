UPDATE lines
SET account = spellings.account
FROM spellings
WHERE damaged IS NULL AND lines.account = spellings.spelling
