# Sourced by scripts/test: installs the npm packages that tests use, where there are node and npm; once, and again whenever
# package.json changes.

node_packages() {
    local folder="$top/tests/live/support/node" wanted
    command -v node >/dev/null && command -v npm >/dev/null || return 0
    wanted="$(node --version) $(cksum <"$folder/package.json")"
    [ "$(cat "$folder/node_modules/made-from" 2>/dev/null)" != "$wanted" ] || return 0
    echo "Setting up tests/live/support/node (once) …" >&2
    rm -f "$folder/node_modules/made-from"
    if (cd "$folder" && npm install --engine-strict --no-package-lock --ignore-scripts --no-audit --no-fund) >/dev/null 2>&1; then
        echo "$wanted" >"$folder/node_modules/made-from"
    else
        echo "It could not be installed, so that its tests are skipped" >&2
    fi
}
