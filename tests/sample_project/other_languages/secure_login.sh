#!/bin/sh
# A test in the shell: curl logs in with STARTTLS, and mailauth says whether that was secure.
set -eu
home=$(mktemp -d)
mkfifo "$home/ready"
mailauth serve --ephemeral --ready-json --home "$home" >"$home/ready" &
server=$!
trap 'kill "$server" || true; wait "$server" || true; rm -rf "$home"' EXIT
read -r ready <"$home/ready"

of() { printf '%s' "$ready" | python3 -c "import json, sys; ready = json.load(sys.stdin); print($1)"; }
imap=$(of "next(each['port'] for each in ready['listeners'] if each['name'] == 'imap')")
console=$(of "ready['console'].rstrip('/')")
token=$(of "ready['api_token']")
ca=$home/$(of "ready['ca']")
ask() { curl --silent --show-error --fail --header "Authorization: Bearer $token" "$@"; }

ask --request POST "$console/api/v1/reset" >"$home/reset"
after=$(python3 -c "import json, sys; print(json.load(sys.stdin)['cursor'])" <"$home/reset")

# What is tested:
curl --silent --cacert "$ca" --ssl-reqd --user bob@mydomain.com:secret "imap://localhost:$imap/" >"$home/folders"

ask "$console/api/v1/attempts?after=$after&wait=30" >"$home/attempts"
python3 - "$home/attempts" <<'PYTHON'
import json, sys
(attempt,) = json.load(open(sys.argv[1]))["attempts"]
assert (attempt["result"], attempt["security"]) == ("success", "starttls"), attempt
assert attempt["exposed"] is False, attempt
print(attempt["user"], "logged in securely")
PYTHON
