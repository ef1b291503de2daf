#!/usr/bin/env bash
# Installs the programs that the tests run beside the code, those that are missing, as root on Debian.
# Elsewhere it says in one line what is missing: those tests skip (with CI=true they fail).
set -euo pipefail

missing=()
command -v java >/dev/null || missing+=(default-jre-headless)
command -v mvn >/dev/null || missing+=(maven)
command -v clickhouse-server >/dev/null || command -v clickhouse >/dev/null || missing+=(clickhouse-server)
command -v chromium >/dev/null || missing+=(chromium)
# What Playwright's driver, a Node.js, is linked with.
/sbin/ldconfig -p | grep -q libatomic.so.1 || missing+=(libatomic1)
[ -n "$(fc-list :lang=zh 2>/dev/null)" ] || missing+=(fontconfig fonts-noto-cjk)
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Tests that need these will be skipped: ${missing[*]} (Debian's names; install them yourself)"
    exit 0
fi

# The tests start their own servers on their own ports: no package may start one now.
if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi

echo "Installing for the tests: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
wait_for_lock=(-o DPkg::Lock::Timeout=300)
apt-get "${wait_for_lock[@]}" update -qq
apt-get "${wait_for_lock[@]}" install -qq -y --no-install-recommends "${missing[@]}" </dev/null >/dev/null
