-- The journals that tell of another server's logins; $1 are the files that are journals.
SELECT DISTINCT file FROM records WHERE source IS NOT NULL AND file IN (SELECT unnest($1))
