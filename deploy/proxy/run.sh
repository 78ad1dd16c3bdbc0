#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Becomes nginx, and has it read its certificate anew (SIGHUP) when a file of the folder changed; nobody is disconnected, and
# files that are half written leave the certificate before in place. Usage: run.sh CONFIGURATION SECONDS FOLDER
set -eu
configuration=$1
every=$2
folder=$3

seen() { find -L "$folder" -type f -exec md5sum {} + 2>&1 | sort; }

# exec keeps the number of this process.
nginx=$$
known=$(seen)
(
    while sleep "$every" && kill -0 "$nginx" 2>/dev/null; do
        now=$(seen)
        if [ "$now" != "$known" ]; then
            known=$now
            kill -HUP "$nginx"
        fi
    done
) &
exec nginx -e stderr -g "daemon off;" -c "$configuration"
