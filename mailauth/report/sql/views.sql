-- The common views. Parameters are variables of the connection, null if not given: the period `since` and
-- `until`, and whose logins: `account` (in any letter case), `account_part`, `service`, `secure`, `unknown`.

CREATE MACRO in_period(time) AS
    (getvariable('since') IS NULL OR time >= getvariable('since')::TIMESTAMP)
    AND (getvariable('until') IS NULL OR time < getvariable('until')::TIMESTAMP);

-- What is listed and counted: logins of the period, of the verdict that is asked for.
CREATE MACRO is_counted(time, secure) AS
    in_period(time)
    AND (getvariable('secure') IS NULL OR secure = getvariable('secure'))
    AND (secure IS NULL OR NOT coalesce(getvariable('unknown'), false));

CREATE MACRO is_of_account(of_account) AS
    getvariable('account') IS NULL OR lower(of_account) = lower(getvariable('account'));

CREATE MACRO is_wanted(of_account, of_service) AS
    is_of_account(of_account)
    AND (getvariable('account_part') IS NULL OR contains(lower(of_account), lower(getvariable('account_part'))))
    AND (getvariable('service') IS NULL OR of_service = getvariable('service'));

-- What a client calls itself, in one text.
CREATE MACRO client_text(name, version) AS nullif(concat_ws(' ', name, version), '');

-- When passwords were last changed, and whether the account is disabled: what closes an exposure.
CREATE VIEW password_changes AS
SELECT
    "user" AS account,
    max(ordinal) FILTER (reason = 'password-changed') AS changed,
    coalesce(max_by(reason, ordinal) FILTER (reason IN ('disabled', 'enabled')) = 'disabled', false) AS disabled
FROM records
WHERE kind = 'account' AND "user" IS NOT NULL AND damaged IS NULL
GROUP BY "user";

-- Whether a record's password is still out: exposed, and neither changed since nor of a disabled account.
CREATE MACRO still_exposed(exposed, record, changed, disabled) AS
    exposed AND NOT coalesce(record < changed, false) AND NOT coalesce(disabled, false);

-- Every login that succeeded: the line is the truth, its record in the journal the evidence. `secure` is null
-- if another server's log does not say, and `account` is empty if it is not named.
-- A client may name itself after its login; what it said last counts.
CREATE VIEW sign_ins AS
SELECT
    lines.ordinal,
    lines.time,
    records.instant,
    CAST(lines.verdict AS VARCHAR)[2:5] AS service,
    CASE WHEN enum_code(lines.verdict) < 4 THEN true WHEN enum_code(lines.verdict) < 8 THEN false END AS secure,
    lines.account,
    lines.address,
    lines.origin,
    records.listener,
    records.local_port AS port,
    records.security,
    records.mechanism,
    records.tls_version,
    records.exposed,
    still_exposed(records.exposed, lines.record, changes.changed, changes.disabled) AS still_exposed,
    coalesce(named.client_name, records.client_name) AS client_name,
    CASE
        WHEN named.session IS NULL THEN client_text(records.client_name, records.client_version)
        ELSE client_text(named.client_name, named.client_version)
    END AS client,
    records.seq
FROM lines
LEFT JOIN records ON records.ordinal = lines.record
LEFT JOIN password_changes AS changes ON changes.account = lines.account
LEFT JOIN (
    SELECT
        session,
        arg_max(client_name, ordinal) AS client_name,
        arg_max(client_version, ordinal) AS client_version
    FROM records
    WHERE kind = 'client' AND damaged IS NULL
    GROUP BY session
) AS named ON named.session = records.session
WHERE lines.damaged IS NULL AND is_wanted(lines.account, CAST(lines.verdict AS VARCHAR)[2:5]);

-- The journal with its keys, for questions in SQL.
CREATE VIEW attempts AS
SELECT * EXCLUDE (ordinal, file, line, damaged)
FROM records
WHERE damaged IS NULL AND in_period(time)
ORDER BY ordinal;
