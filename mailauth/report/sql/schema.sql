-- The logs as tables: the text lines, the journal's records, and their files. Rows are ordered by `ordinal`,
-- which begins as the number of the file and that of the line in it.

CREATE TYPE verdict AS ENUM (
    '[SMTP] {SECURE}', '[IMAP] {SECURE}', '[POP3] {SECURE}', '[HTTP] {SECURE}',
    '[SMTP] {UNSECURE}', '[IMAP] {UNSECURE}', '[POP3] {UNSECURE}', '[HTTP] {UNSECURE}',
    '[SMTP] {UNKNOWN}', '[IMAP] {UNKNOWN}', '[POP3] {UNKNOWN}', '[HTTP] {UNKNOWN}'  -- of other servers only
);

CREATE TABLE files (
    file UINTEGER PRIMARY KEY,
    content VARCHAR,       -- lines or journal
    device UBIGINT,        -- these four as the file system gave them when it was last read
    inode UBIGINT,
    size UBIGINT,
    modified BIGINT,       -- nanoseconds
    read_to UBIGINT,       -- the offset after the last whole line that is in the tables
    lines UINTEGER,        -- how many whole lines are in the tables
    fingerprint BLOB       -- of the octets before read_to
);

-- How many lines were removed that were also in an earlier file: one row for each count.
CREATE TABLE repeated (lines BIGINT);

-- The lines that were read with octets replaced.
CREATE TABLE not_utf8 (file UINTEGER, line UINTEGER);

-- One row for each line of SuccessfulLogins.log. If `damaged` is not null, the line is not valid, and `time` and
-- the columns after it mean nothing. The text of such a line is not stored.
CREATE TABLE lines (
    ordinal UBIGINT,
    file UINTEGER,
    line UINTEGER,
    time TIMESTAMP,
    verdict verdict,
    account VARCHAR,
    address VARCHAR,
    origin VARCHAR,
    stepped_back BOOLEAN,  -- printed an hour or more earlier than the line before it
    damaged BOOLEAN,
    record UBIGINT         -- the ordinal of its record in the journal
);

-- Accounts in another letter case than the one that they have in the tables.
CREATE TABLE spellings (
    spelling VARCHAR PRIMARY KEY,
    account VARCHAR
);

-- One row for each record of LoginAttempts.jsonl. `time` is the wall clock of the log, `instant` is UTC.
CREATE TABLE records (
    ordinal UBIGINT,
    file UINTEGER,
    line UINTEGER,
    time TIMESTAMP,
    instant TIMESTAMP,
    damaged BOOLEAN,
    seq BIGINT,
    id VARCHAR,
    kind VARCHAR,
    result VARCHAR,
    reason VARCHAR,
    protocol VARCHAR,
    listener VARCHAR,
    local_port INTEGER,
    session VARCHAR,
    secure BOOLEAN,
    security VARCHAR,
    tls_version VARCHAR,
    tls_cipher VARCHAR,
    tls_sni VARCHAR,
    tls_alpn VARCHAR,
    mechanism VARCHAR,
    "user" VARCHAR,
    authcid VARCHAR,
    authzid VARCHAR,
    ip VARCHAR,
    port INTEGER,
    peer VARCHAR,
    origin VARCHAR,
    country VARCHAR,
    exposed BOOLEAN,
    client_name VARCHAR,
    client_version VARCHAR,
    count BIGINT,         -- how many attempts it sums up; null where that is one
    source VARCHAR        -- the format of another server's log; null for our own
);

-- The results for other servers' logs: one row for each file, as JSON.
CREATE TABLE foreign_files (file UINTEGER, found VARCHAR);
