# SPDX-License-Identifier: EUPL-1.2
# shellcheck shell=bash
# What goes before a document's commands when a test runs them, in a folder as `make run` leaves it.
set -euo pipefail

# An answer that is no success is a failure, and no answer is waited for endlessly.
curl() { command curl --fail-with-body --max-time 60 "$@"; }
# What targets do is tested elsewhere; here, that make knows them and can tell what it would do.
make() { command make --directory "$PROJECT" --dry-run "$@" >/dev/null; }
apt-get() { command apt-get --simulate "$@"; }
# There is no cluster: the object is made and printed, as kubectl itself would send it.
kubectl() { command kubectl "$@" --dry-run=client --output=yaml; }
# There are no containers: that file, profiles and services are there is looked at by tests/docs/test_commands.py.
docker() { :; }
# The server's own version.
psql() { chroot .local/root psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 "$@"; }

# The first line of what goes on for ever.
first() { grep --max-count=1 . < <("$@"); }
# Whether an address answers with a status.
answers() { [ "$(command curl --silent --output /dev/null --write-out '%{http_code}' "$2")" = "$1" ]; }
# Until a command succeeds.
within() {
    for _ in $(seq 300); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.2
    done
    echo "in vain: $*" >&2
    return 1
}
# A new database of a name; its address as a superuser.
empty_database() {
    psql "$ADMIN_URL" --command "create database $1 owner stadttakt" >&2
    echo "${ADMIN_URL%/*}/$1"
}
# A message that no codec reads; its number in the quarantine.
quarantined() {
    chroot .local/root mosquitto_pub -p 1893 -q 1 -t "application/a/device/$1/event/up" -m '{not json'
    within eval "stadttakt quarantine list --json | jq --exit-status '.[] | select(.topic | contains(\"/$1/\"))'"
    stadttakt quarantine list --json | jq --raw-output ".[] | select(.topic | contains(\"/$1/\")) | .quarantine_id"
}
