# Sourced by scripts/test: installs the Debian packages that tests use, where that is possible and needed.

debian_packages() {
    local missing=() package
    command -v dpkg-query >/dev/null || return 0
    while read -r package; do
        case "$package" in "" | "#"*) continue ;; esac
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done <"$top/scripts/debian-packages.txt"
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "Not installed, so that their tests are skipped: ${missing[*]}" >&2
        return 0
    fi
    echo "Installing ${missing[*]} …" >&2
    {
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}"
    } >/dev/null 2>&1 || echo "They could not be installed, so that their tests are skipped" >&2
}
