-- $1 the file, $2 the line after which addresses are as printed, $3 these, $4 their form in the journal.
UPDATE lines
SET address = names.address
FROM (SELECT unnest($3::VARCHAR[]) AS printed, unnest($4::VARCHAR[]) AS address) AS names
WHERE file = $1 AND line > $2 AND damaged IS NULL AND lines.address = names.printed
