-- $1 the file, $2 the line after which names are as printed, $3 printed names, $4 their meaning.
UPDATE lines
SET account = names.account
FROM (SELECT unnest($3::VARCHAR[]) AS printed, unnest($4::VARCHAR[]) AS account) AS names
WHERE file = $1 AND line > $2 AND damaged IS NULL AND lines.account = names.printed
