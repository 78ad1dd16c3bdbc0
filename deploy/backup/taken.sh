#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Tells Prometheus' node exporter (textfile collector) that a copy was taken now; whoever tells nobody names no folder.
# taken.sh WHICH    BACKUP_METRICS: the exporter's folder, may be unset; BACKUP_EVERY_H: hours between copies, 24
set -eu
which=$1
folder=${BACKUP_METRICS:-}
[ -n "$folder" ] || exit 0
file="$folder/stadttakt_backup_$which.prom"
trap 'rm -f "$file.$$"' EXIT
cat >"$file.$$" <<METRICS
# HELP stadttakt_backup_taken_timestamp_seconds When the newest copy was finished.
# TYPE stadttakt_backup_taken_timestamp_seconds gauge
stadttakt_backup_taken_timestamp_seconds{backup="$which"} $(date +%s)
# HELP stadttakt_backup_interval_seconds How often a copy is to be taken.
# TYPE stadttakt_backup_interval_seconds gauge
stadttakt_backup_interval_seconds{backup="$which"} $((${BACKUP_EVERY_H:-24} * 3600))
METRICS
# the exporter runs as somebody else, and reads whole files only; the folder may be another's, who lets us write into it
chmod 644 "$file.$$"
mv "$file.$$" "$file"
