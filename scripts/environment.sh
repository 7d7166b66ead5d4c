# Sourced by the scripts: a virtual environment in .venv, made once and again whenever what it is made from changes.
# usage: environment EXTRAS [NAME]   (EXTRAS is "" or "[test]", NAME another than .venv); afterwards $venv is its path.

environment() {
    venv="$top/${2:-.venv}"
    local wanted
    wanted="$1 $(cat "$top/pyproject.toml" "$top/scripts/constraints.txt" | cksum)"
    if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/made-from" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    if [ "$1" = "" ] && [ "$(cat "$venv/made-from" 2>/dev/null)" = "[test]$wanted" ]; then
        return
    fi
    echo "Setting up ${2:-.venv} (once) …" >&2
    "${PYTHON:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
        echo "error: Python 3.11 or newer is needed; set PYTHON to one" >&2
        exit 1
    }
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check \
        --constraint "$top/scripts/constraints.txt" --editable "$top$1" >&2
    echo "$wanted" >"$venv/made-from"
}
