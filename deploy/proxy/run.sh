#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Becomes nginx, and from then on every so many seconds
# - has it read its certificate anew (SIGHUP) when a file of the folder changed; nobody is disconnected, and files that are half
#   written leave the certificate before in place;
# - tells and counts what nginx refused, for /metrics.
# Usage: run.sh CONFIGURATION SECONDS FOLDER
set -eu
configuration=$1
every=$2
folder=$3
counter=stadttakt_proxy_refused_total

seen() { find -L "$folder" -type f -exec md5sum {} + 2>&1 | sort; }

count() {
    mv /tmp/refused /tmp/refused.read
    # nginx begins another file; what it has not written yet comes into the one before
    kill -USR1 "$nginx"
    sleep 1
    cat /tmp/refused.read
    awk -v name="$counter" '
        index($1, name) == 1 { sum[$1] = $2 }
        $2 == "refused" { sum[name "{status=\"" $3 "\",way_in=\"" $4 "\"}"]++ }
        END { print "# TYPE " name " counter"; for (each in sum) print each, sum[each] }
    ' /tmp/metrics /tmp/refused.read > /tmp/metrics.new
    mv /tmp/metrics.new /tmp/metrics
}

# A counter that begins at its first refusal would not show it.
for way_in in public intake; do
    echo "$counter{status=\"429\",way_in=\"$way_in\"} 0"
done > /tmp/metrics
rm -f /tmp/refused

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
        if [ -s /tmp/refused ]; then count; fi
    done
) &
exec nginx -e stderr -g "daemon off;" -c "$configuration"
