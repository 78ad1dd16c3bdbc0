#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Base backups beside the archived log, and the return to any moment since; as the server's user, where pgBackRest is set up.
# archive.sh begin | backup | back-to "2026-11-26 08:00:00+00"
set -eu
fail() {
    echo "$1" >&2
    exit 1
}
case "${1:-}" in
begin)
    pgbackrest --stanza=stadttakt stanza-create
    pgbackrest --stanza=stadttakt check
    ;;
backup)
    # a full one on Sundays and at first, else what changed since
    kind=incr
    [ "$(date -u +%u)" != 7 ] || kind=full
    pgbackrest --stanza=stadttakt --type=$kind backup
    pgbackrest --stanza=stadttakt info
    "$(dirname "$0")/taken.sh" archive
    ;;
back-to)
    moment=$("$(dirname "$0")/moment.sh" "${2:-}")
    # refuses by itself while the server runs
    pgbackrest --stanza=stadttakt --delta --type=time "--target=$moment" --target-action=promote restore
    echo "Start the server: it goes on to $moment, until then it only answers readers."
    ;;
*) fail "archive.sh begin | backup | back-to MOMENT" ;;
esac
