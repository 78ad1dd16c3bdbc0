#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Becomes the broker, and has it read logins, rights and certificates anew (SIGHUP) when a file of theirs changed; nobody is
# disconnected. One that it may not read would end it, with all sessions: then it goes on with what it knows until that is mended.
# Usage: run.sh CONFIGURATION SECONDS FOLDER...
set -eu
configuration=$1
every=$2
shift 2

seen() { find -L "$@" -type f -exec md5sum {} + 2>&1 | sort; }

unreadable() { find -L "$@" ! -exec test -r {} \; -print 2>&1; }

# exec keeps the number of this process.
broker=$$
known=$(seen "$@")
(
    while sleep "$every" && kill -0 "$broker" 2>/dev/null; do
        now=$(seen "$@")
        if [ "$now" != "$known" ]; then
            known=$now
            wrong=$(unreadable "$@") || true
            if [ -z "$wrong" ]; then
                kill -HUP "$broker"
            else
                echo "Not read anew, for the broker may not read: $wrong" >&2
            fi
        fi
    done
) &
exec mosquitto -c "$configuration"
