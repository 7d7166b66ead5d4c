-- The journals with logins to another server; $1 are the files that are journals.
SELECT DISTINCT file FROM records WHERE source IS NOT NULL AND NOT is_reported(source) AND file IN (SELECT unnest($1))
