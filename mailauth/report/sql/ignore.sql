-- Drops what came from addresses. $1 these.
DELETE FROM lines WHERE list_contains($1::VARCHAR[], address);
DELETE FROM records WHERE list_contains($1::VARCHAR[], ip)
