#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Fills an empty database from a backup: docs/how-to/backup.md. Services are stopped; the broker too, if BROKER_STORE is named.
# restore.sh [--replace] FOLDER    variables as for backup.sh; --replace: the database is dropped and made anew, of the same owner
set -eu
replace=
[ "$1" != --replace ] || { replace=yes; shift; }
folder=$1
: "${STADTTAKT_ADMIN_URL:?the address of an empty database, as a superuser}"
address=${STADTTAKT_ADMIN_URL%%\?*}
name=${address##*/}
# Its input is empty: `docker compose exec -T` and `kubectl exec -i` swallow all that they find there, so the roles below.
asked() { ${STADTTAKT_PG:-} psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$1" --command "$2" </dev/null; }
query() { asked "$STADTTAKT_ADMIN_URL" "$1"; }
server() { asked "${address%/*}/postgres${STADTTAKT_ADMIN_URL#"$address"}" "$1"; }
broker() { ${STADTTAKT_BROKER:-} python3 -c "$(cat "$(dirname "$0")/broker_store.py")" "$1" "$BROKER_STORE"; }

(cd "$folder" && sha256sum --quiet --check SHA256SUMS)
[ -z "${BROKER_STORE:-}" ] || broker free </dev/null
version=$(cat "$folder/timescaledb.version")
found=$(server "select string_agg(version, ', ' order by version) from pg_available_extension_versions where name = 'timescaledb'")
case ", $found," in
*", $version,"*) ;;
*)
    echo "The copy is of TimescaleDB $version, this server has ${found:-none}; nothing was changed." >&2
    exit 1
    ;;
esac
if [ -n "$replace" ]; then
    owner=$(server "select quote_ident(pg_get_userbyid(datdba)) from pg_database where datname = '$name'")
    server "drop database if exists \"$name\" with (force)"
    server "create database \"$name\" ${owner:+owner $owner} template template0"
elif [ "$(query "select count(*) from pg_namespace where nspname in ('platform', 'uplink', 'parking')")" != 0 ]; then
    echo "The database is not empty; nothing was changed." >&2
    exit 1
fi
while read -r statement; do
    [ -z "$statement" ] || query "do \$\$ begin $statement; exception when duplicate_object then null; end \$\$"
done <"$folder/roles.sql"
query "create extension if not exists timescaledb version '$version'" >/dev/null
query "select timescaledb_pre_restore()" >/dev/null
status=0
${STADTTAKT_PG:-} pg_restore --format=custom --dbname "$STADTTAKT_ADMIN_URL" --exit-on-error <"$folder/database.dump" || status=$?
query "select timescaledb_post_restore()" >/dev/null
[ "$status" = 0 ] || exit "$status"
# On another server the roles are this superuser's: whoever migrates must be able to act as them, and to give them to logins.
query "do \$\$ declare one record; begin
  for one in select distinct n.nspowner::regrole as role, d.datdba::regrole as owner
    from pg_database d, pg_namespace n join pg_roles r on r.oid = n.nspowner
   where d.datname = current_database() and n.nspowner <> d.datdba and not r.rolcanlogin and r.rolname !~ '^pg_'
  loop execute format('grant %s to %s with admin option', one.role, one.owner); end loop;
end \$\$"
[ -z "${BROKER_STORE:-}" ] || broker load <"$folder/broker.sqlite3"
query "analyze" >/dev/null
echo "restored from $folder"
