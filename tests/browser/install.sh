#!/bin/sh
# Makes sure that the browsers and servers for the tests are installed; with the argument `bench`, also those for the benchmarks.
# As root on Debian it installs them; otherwise it says what to install.
set -eu
PATH="$PATH:/usr/sbin"

missing=""
need() { command -v "$1" >/dev/null || missing="$missing $2"; }
need chromium chromium
need chromium-headless-shell chromium-headless-shell
need firefox-esr firefox-esr
need WebKitWebDriver webkit2gtk-driver
need Xvfb xvfb
need nginx nginx-light
need faketime faketime
need age age
[ -n "$(command -v postgres || ls /usr/lib/postgresql/*/bin/postgres 2>/dev/null)" ] || missing="$missing postgresql"
need psql postgresql-client
command -v valkey-server >/dev/null || need redis-server redis-server  # either serves the chat of several machines
if [ "${1:-}" = bench ]; then
    need wrk wrk
    need openssl openssl
    need orca "orca at-spi2-core"
    need dbus-run-session dbus-daemon
    need openbox openbox
    need xdotool xdotool
    [ -e /usr/lib/nginx/modules/ngx_http_brotli_static_module.so ] || missing="$missing libnginx-mod-http-brotli-static"
fi
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing$missing …"
    apt-get update -q >/dev/null
    # shellcheck disable=SC2086 - the names are meant to be split
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing >/dev/null
else
    echo "Please install Debian's packages$missing, then try again."
    exit 1
fi
