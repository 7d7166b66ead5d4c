-- Reads a chunk of LoginAttempts.jsonl.
-- $1 lines joined by line feeds, $2 the file's number, $3 the number of the line before the first one.
INSERT INTO records
WITH chunk AS (
    SELECT string_split(text, chr(10)) AS rows FROM (VALUES ($1)) AS given(text)
),
raw AS (
    SELECT unnest(rows) AS text, generate_subscripts(rows, 1) AS number FROM chunk
),
parsed AS (
    SELECT number, text, from_json(
        CASE WHEN json_valid(text) THEN text END,
        '{"at": "VARCHAR", "seq": "BIGINT", "id": "VARCHAR", "kind": "VARCHAR", "result": "VARCHAR",
          "reason": "VARCHAR", "protocol": "VARCHAR", "listener": "VARCHAR", "local_port": "INTEGER",
          "session": "VARCHAR", "secure": "BOOLEAN", "security": "VARCHAR", "tls_version": "VARCHAR",
          "tls_cipher": "VARCHAR", "tls_sni": "VARCHAR", "tls_alpn": "VARCHAR", "mechanism": "VARCHAR",
          "user": "VARCHAR", "authcid": "VARCHAR", "authzid": "VARCHAR", "ip": "VARCHAR",
          "port": "INTEGER", "peer": "VARCHAR", "origin": "VARCHAR", "country": "VARCHAR",
          "exposed": "BOOLEAN", "client_name": "VARCHAR", "client_version": "VARCHAR", "count": "BIGINT",
          "source": "VARCHAR"}'
    ) AS record
    FROM raw
),
timed AS (
    SELECT
        number, text, record,
        TRY_CAST(replace(regexp_extract(
            record.at, '^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)(?:Z|[+-][0-9:]+)$', 1
        ), 'T', ' ') AS TIMESTAMP) AS time,
        make_timestamp(epoch_us(TRY_CAST(record.at AS TIMESTAMPTZ))) AS instant
    FROM parsed
)
SELECT
    ($2::UBIGINT << 32) + $3::UBIGINT + number::UBIGINT,
    $2, $3 + number,
    time, instant,
    CASE WHEN time IS NULL OR instant IS NULL OR record.kind IS NULL THEN true END,
    record.seq, record.id, record.kind, record.result, record.reason, record.protocol, record.listener,
    record.local_port, record.session, record.secure, record.security, record.tls_version,
    record.tls_cipher, record.tls_sni, record.tls_alpn, record.mechanism, record."user",
    record.authcid, record.authzid, record.ip, record.port, record.peer, record.origin,
    record.country, record.exposed, record.client_name, record.client_version,
    record.count, record.source
FROM timed
