#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Keeps the database's log piece by piece, and copies of its folder; runs inside of its container (docs/how-to/backup.md).
# for PostgreSQL:          wal.sh keep PIECE KEPT | fetch KEPT PIECE
# for point_in_time.sh:    wal.sh begin ARCHIVE | base ARCHIVE ADDRESS HOW_MANY | back ARCHIVE STAMP MOMENT REPLACE
set -eu
fail() {
    echo "$1" >&2
    exit 1
}

# PostgreSQL takes a success for "it survives a power cut", and may give a piece twice.
keep() {
    if [ -e "$2.gz" ]; then
        gzip -dc "$2.gz" | cmp -s - "$1" || fail "$2.gz is there and is another piece: does another database archive here?"
    else
        gzip -1 <"$1" >"$2.part"
        sync "$2.part"
        mv "$2.part" "$2.gz"
    fi
    sync "$2.gz" "$(dirname "$2")"
}

# A piece that is not there ends the replay; a damaged one must not look like that, and more than 125 stops the server.
fetch() {
    [ -e "$1.gz" ] || exit 1
    gzip -dc "$1.gz" >"$2" || exit 126
}

begin() {
    install -d -o postgres -g postgres -m 700 "$1/wal"
    install -d -m 700 "$1/base"
}

# Ends when the pieces that the copy needs are kept; then what is older than the oldest copy goes, copies and pieces.
base() {
    archive=$1 address=$2 many=$3
    umask 077
    rm -rf "$archive/base/unfinished"
    pg_basebackup --dbname "$address" --no-password --pgdata "$archive/base/unfinished" --format tar --gzip \
        --wal-method none --checkpoint fast
    mv "$archive/base/unfinished" "$archive/base/$(date -u +%Y%m%dT%H%M%SZ)"
    sync "$archive/base"
    set -- "$archive"/base/*Z
    while [ $# -gt "$many" ]; do
        rm -rf "$1"
        shift
    done
    begins=$(sed -n 's/.*"Start-LSN": "\([0-9A-F/]*\)".*/\1/p' "$1/backup_manifest")
    needed=$(psql --no-psqlrc --tuples-only --no-align --dbname "$address" --command "select pg_walfile_name('$begins')")
    pg_archivecleanup -b -x .gz "$archive/wal" "$needed"
    echo "$# copies from ${1##*/} on, pieces from $needed on, $(du -sh "$archive" | cut -f1)"
}

# The newest copy that ended before STAMP, checked, becomes the database's folder; what is there now is put aside.
back() {
    archive=$1 stamp=$2 moment=$3 replace=$4
    chosen=
    for each in "$archive"/base/*Z; do
        [ ! -d "$each" ] || ! expr "${each##*/}" \< "$stamp" >/dev/null || chosen=$each
    done
    [ -n "$chosen" ] || fail "No copy in $archive/base ended before $moment; nothing was changed."
    [ "$replace" = yes ] || [ -z "$(ls -A "$PGDATA" 2>/dev/null)" ] ||
        fail "There is a database; --replace puts it aside. Nothing was changed."
    new="$PGDATA.part"
    rm -rf "$new"
    mkdir -p -m 700 "$new"
    tar -xzf "$chosen/base.tar.gz" -C "$new"
    cp "$chosen/backup_manifest" "$new"
    pg_verifybackup --quiet --no-parse-wal "$new" || { rm -rf "$new"; fail "$chosen is damaged; nothing was changed."; }
    rm "$new/backup_manifest"
    # what an earlier return left would hold again
    sed -i '/^recovery_target/d' "$new/postgresql.auto.conf"
    [ "$moment" = newest ] || echo "recovery_target_time = '$moment'" >>"$new/postgresql.auto.conf"
    touch "$new/recovery.signal"
    chown -R postgres:postgres "$new"
    sync
    if [ -e "$PGDATA/recovery.signal" ]; then
        # a return that was not promoted; the database from before lies aside already
        rm -rf "$PGDATA"
    elif [ -e "$PGDATA" ]; then
        aside="$PGDATA-until-$(date -u +%Y%m%dT%H%M%SZ)"
        mv "$PGDATA" "$aside"
        echo "The database from before lies in $aside; remove it when nobody needs it."
    fi
    mv "$new" "$PGDATA"
    echo "laid down: ${chosen##*/}"
}

"$@"
