#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Copies the database, and the broker's store if it is named, while everything runs: docs/how-to/backup.md
# backup.sh FOLDER    STADTTAKT_ADMIN_URL: a superuser's postgresql:// address; BROKER_STORE: mosquitto.sqlite3, may be unset
# STADTTAKT_PG is put before pg_dump and psql, STADTTAKT_BROKER before python3, which opens the store: `docker compose exec -T …`.
set -eu
folder=$1
: "${STADTTAKT_ADMIN_URL:?the address of the database, as a superuser}"
unfinished="$folder.part"
rm -rf "$unfinished" && mkdir -p "$unfinished" && chmod 700 "$unfinished"

# The broker first: what it still holds then may be in the database too, and is known there as a duplicate. The other way
# round a message could be in neither.
if [ -n "${BROKER_STORE:-}" ]; then
    ${STADTTAKT_BROKER:-} python3 -c "$(cat "$(dirname "$0")/broker_store.py")" save "$BROKER_STORE" \
        </dev/null >"$unfinished/broker.sqlite3"
fi
# chunks are dumped as the tables that they are; pg_dump warns about circular keys of TimescaleDB's own catalogue
${STADTTAKT_PG:-} pg_dump --format=custom --dbname "$STADTTAKT_ADMIN_URL" >"$unfinished/database.dump" 2>"$unfinished/pg_dump.log" ||
    { cat "$unfinished/pg_dump.log" >&2; exit 1; }
${STADTTAKT_PG:-} psql --no-psqlrc --tuples-only --no-align --dbname "$STADTTAKT_ADMIN_URL" \
    --command "select format('create role %I nologin', rolname) from pg_roles where rolname !~ '^pg_' and not rolcanlogin" >"$unfinished/roles.sql"
${STADTTAKT_PG:-} psql --no-psqlrc --tuples-only --no-align --dbname "$STADTTAKT_ADMIN_URL" \
    --command "select extversion from pg_extension where extname = 'timescaledb'" >"$unfinished/timescaledb.version"
(cd "$unfinished" && sha256sum ./*.* >SHA256SUMS)
rm -rf "$folder" && mv "$unfinished" "$folder"
"$(dirname "$0")/taken.sh" copy
echo "$folder: $(du -sh "$folder" | cut -f1)"
