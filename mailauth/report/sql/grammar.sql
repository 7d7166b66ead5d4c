-- The grammar of a line of SuccessfulLogins.log (mailauth.record.line), piece by piece.

-- A time as it is printed, else null.
CREATE MACRO printed_time(text) AS CASE
    WHEN regexp_full_match(text, '[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2},[0-9]{3}')
        AND NOT starts_with(text, '0000')
    THEN try_strptime(text, '%Y-%m-%d %H:%M:%S,%g')
END;

-- An IPv4 address: no leading zeros.
CREATE MACRO is_ipv4(address) AS regexp_full_match(
    address, '(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
);

-- An IPv6 address (RFC 4291 §2.2) that does not end in an IPv4 address.
CREATE MACRO is_hexadecimal_ipv6(address) AS regexp_full_match(
    address,
    '(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}'
    || '|(?:[0-9A-Fa-f]{1,4}:){1,7}:'
    || '|(?:[0-9A-Fa-f]{1,4}:){1,6}:[0-9A-Fa-f]{1,4}'
    || '|(?:[0-9A-Fa-f]{1,4}:){1,5}(?::[0-9A-Fa-f]{1,4}){1,2}'
    || '|(?:[0-9A-Fa-f]{1,4}:){1,4}(?::[0-9A-Fa-f]{1,4}){1,3}'
    || '|(?:[0-9A-Fa-f]{1,4}:){1,3}(?::[0-9A-Fa-f]{1,4}){1,4}'
    || '|(?:[0-9A-Fa-f]{1,4}:){1,2}(?::[0-9A-Fa-f]{1,4}){1,5}'
    || '|[0-9A-Fa-f]{1,4}:(?::[0-9A-Fa-f]{1,4}){1,6}'
    || '|:(?:(?::[0-9A-Fa-f]{1,4}){1,7}|:)'
);

CREATE MACRO is_ipv6(address) AS is_hexadecimal_ipv6(CASE
    WHEN NOT contains(address, '.') THEN address
    WHEN is_ipv4(regexp_extract(address, '[^:]*$')) THEN regexp_replace(address, '[^:]*$', '0:0')
END);

-- Any address, perhaps with a zone (RFC 4007 §11).
CREATE MACRO is_address(address) AS CASE
    WHEN is_ipv4(address) THEN true
    WHEN contains(address, ':') THEN
        is_ipv4(split_part(address, '%', 1)) OR coalesce(is_ipv6(split_part(address, '%', 1)), false)
    ELSE false
END;

-- The parts of a line, split from the right; their texts are empty where it is none.
CREATE MACRO split_line(text) AS regexp_extract(
    text,
    '^(.{23}) - (\[[A-Z0-9]+\] \{[A-Z]+\}) - (.+) - ([^ \t\n\v\f\r]+) \((.+)\)$',
    ['time', 'verdict', 'account', 'address', 'origin']
);

-- The same of a record of another server's log, which may not tell: then the verdict is unknown.
CREATE MACRO foreign_verdict(protocol, secure) AS TRY_CAST(
    concat(
        '[', protocol, '] ',
        CASE WHEN secure THEN '{SECURE}' WHEN NOT secure THEN '{UNSECURE}' ELSE '{UNKNOWN}' END
    ) AS verdict
);

-- Service and verdict of a record as a line prints them, else null.
CREATE MACRO record_verdict(protocol, secure) AS TRY_CAST(
    concat('[', protocol, '] ', CASE WHEN secure THEN '{SECURE}' WHEN NOT secure THEN '{UNSECURE}' END) AS verdict
);

-- Whether a server has reported the login to a reporter of ours.
CREATE MACRO is_reported(source) AS coalesce(source = 'dovecot-policy', false);

-- Whether a success in the journal has a line beside it: of our own listeners, and what was reported completely.
CREATE MACRO has_line(source, secure, account) AS
    source IS NULL OR (is_reported(source) AND secure IS NOT NULL AND account IS NOT NULL);
