#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Copies beside the log that compose's database archives, and the return to any moment since: docs/how-to/backup.md
# point_in_time.sh begin | base | back-to [--replace] "2026-11-26 08:00:00+00"|newest | promote
# STADTTAKT_ADMIN_URL, STADTTAKT_PG as for backup.sh; STADTTAKT_PG_STOPPED is put before what works on the folder of a database that
# stands still; BASE_COPIES: how many are kept, 7.
set -eu
here=$(dirname "$0")
: "${STADTTAKT_ADMIN_URL:?the address of the database, as a superuser}"
archive=/archive
fail() {
    echo "$1" >&2
    exit 1
}
query() { ${STADTTAKT_PG:-} psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$STADTTAKT_ADMIN_URL" --command "$1" </dev/null; }
inside() { ${STADTTAKT_PG:-} sh /etc/timescaledb/wal.sh "$@" </dev/null; }
stopped() { ${STADTTAKT_PG_STOPPED:-} sh /etc/timescaledb/wal.sh "$@" </dev/null; }

base() {
    many=${BASE_COPIES:-7}
    case $many in
    0* | *[!0-9]*) fail "BASE_COPIES=$many: one at least is kept." ;;
    esac
    [ "$(query "show archive_mode")" = on ] || fail "The log is not archived: STADTTAKT_ARCHIVE_MODE in deploy/.env."
    inside base "$archive" "$STADTTAKT_ADMIN_URL" "$many"
    "$here/taken.sh" archive
}

promote() {
    while state=$(query "select case when pg_is_in_recovery() then pg_get_wal_replay_pause_state() else 'open' end"); do
        case $state in
        open)
            echo "The database is open. Copies that ended after the moment are of no use any more: point_in_time.sh base"
            exit
            ;;
        paused)
            query "select format('at %s, last change %s, %s chunks', current_setting('recovery_target_time'),
                   pg_last_xact_replay_timestamp(), (select count(*) from timescaledb_information.chunks))"
            [ "$(query "select pg_promote()")" = t ] || fail "It was not promoted: the database's log says why."
            ;;
        *) sleep 1 ;;
        esac
    done
    fail "The database does not answer (yet): its log says why."
}

case "${1:-}" in
begin)
    inside begin "$archive"
    base
    ;;
base)
    # the copy would wait for the log without end
    [ "$(query "select last_failed_time > coalesce(last_archived_time, '-infinity') from pg_stat_archiver")" != t ] ||
        fail "The log cannot be archived: docs/runbooks/archive-failing.md"
    base
    ;;
back-to)
    shift
    replace=no
    [ "${1:-}" != --replace ] || { replace=yes; shift; }
    moment=${1:-} stamp=Z
    if [ "$moment" != newest ]; then
        moment=$("$here/moment.sh" "$moment")
        # whole seconds: a copy of the moment's own second may have ended after it
        stamp=$(date -u --date "$moment" +%Y%m%dT%H%M%SZ)
    fi
    case $(${STADTTAKT_PG:-} pg_isready --dbname "$STADTTAKT_ADMIN_URL" </dev/null 2>&1) in
    *accepting* | *rejecting*) fail "The database runs: stop it first. Nothing was changed." ;;
    esac
    stopped back "$archive" "$stamp" "$moment" "$replace"
    echo "Start the database: it goes on to $moment and answers readers alone; then: point_in_time.sh promote"
    ;;
promote) promote ;;
*) fail "point_in_time.sh begin | base | back-to [--replace] MOMENT|newest | promote" ;;
esac
