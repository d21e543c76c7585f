#!/bin/sh
# Makes sure that the browsers which tests drive are here. As root on Debian it installs them; else it says what to install.
set -eu

missing=""
command -v chromium >/dev/null || missing="$missing chromium"
command -v firefox-esr >/dev/null || missing="$missing firefox-esr"
command -v WebKitWebDriver >/dev/null || missing="$missing webkit2gtk-driver"
command -v Xvfb >/dev/null || missing="$missing xvfb"
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
