-- Removes the rows of these addresses ($1).
DELETE FROM lines WHERE list_contains($1::VARCHAR[], address);
DELETE FROM records WHERE list_contains($1::VARCHAR[], ip)
