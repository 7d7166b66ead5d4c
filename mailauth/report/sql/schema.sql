-- The logs as tables: what the text lines say, what the journal says, and the files that they stand in.
-- `ordinal` is the order of things; it begins as the file's number and the line's number in it.

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
    read_to UBIGINT,       -- the offset behind the last whole line that is in the tables
    lines UINTEGER,        -- how many whole lines are in the tables
    fingerprint BLOB       -- of what stands before read_to
);

-- How many lines were dropped that stood in an earlier file, too: one row where it was counted.
CREATE TABLE repeated (lines BIGINT);

-- The lines that were read with octets replaced.
CREATE TABLE not_utf8 (file UINTEGER, line UINTEGER);

-- One row a line of SuccessfulLogins.log. `time` and what follows mean nothing where `damaged`, of a line
-- that is none, is not null. What such a line says is kept nowhere.
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

-- Accounts that were written in another letter case than the one that they have in the tables.
CREATE TABLE spellings (
    spelling VARCHAR PRIMARY KEY,
    account VARCHAR
);

-- One row a record of LoginAttempts.jsonl. `time` is the wall clock of the log, `instant` is UTC.
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

-- What the logs of other servers came to: one row a file, as JSON.
CREATE TABLE foreign_files (file UINTEGER, found VARCHAR);
