# SPDX-License-Identifier: EUPL-1.2
"""The broker's store out and in, where it lies: backup.sh and restore.sh hand this text to a `python3 -c` there.

`save STORE` writes a copy to the output while the broker runs, `free STORE` fails if a broker has it open, `load STORE` replaces
it by a copy from the input, `name STORE BEGINNING` puts a secret from the input behind client ids that begin so.
"""

import os
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path


def opened(store: Path) -> "closing[sqlite3.Connection]":
    """Open a store that must be there, without waiting for whoever has it."""
    return closing(sqlite3.connect(f"{store.as_uri()}?mode=rw", uri=True, timeout=0))


def save(store: Path) -> None:
    """Write what the store holds at one moment."""
    with tempfile.TemporaryDirectory(dir=store.parent) as folder:
        copy = Path(folder, "copy")
        with opened(store) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        with copy.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)


def free(store: Path) -> None:
    """End with a message if another process has the store open: leaving the log needs it alone."""
    if not store.exists():
        return
    try:
        with opened(store) as source:
            source.execute("pragma journal_mode = delete")
    except sqlite3.OperationalError as error:
        sys.exit(f"{store}: {error}; stop the broker first, nothing was changed.")


def load(store: Path) -> None:
    """Replace the store by a whole copy, which belongs to whom its folder belongs."""
    free(store)
    with tempfile.TemporaryDirectory(dir=store.parent) as folder:
        copy = Path(folder, "copy")
        with copy.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
            file.flush()
            os.fsync(file.fileno())
        with opened(copy) as given:
            (found,) = given.execute("pragma quick_check").fetchone()
        if found != "ok":
            sys.exit(f"The copy is damaged: {found}; the store is as it was.")
        copy.chmod(0o600)
        if os.geteuid() == 0:
            owner = store.parent.stat()
            os.chown(copy, owner.st_uid, owner.st_gid)
        for ending in ("-wal", "-shm"):
            store.with_name(store.name + ending).unlink(missing_ok=True)
        copy.replace(store)


def name(store: Path, beginning: str) -> None:
    """Give the sessions of a service the ids that it bears from now on, with all that waits in them; once or more often."""
    free(store)
    ending = f"-{sys.stdin.read().strip()}"
    with opened(store) as source, source:
        for table in ("clients", "subscriptions", "client_msgs", "wills"):
            source.execute(
                f"update {table} set client_id = client_id || ?1 "  # noqa: S608 (names of tables, from above)
                "where client_id glob ?2 and substr(client_id, -length(?1)) <> ?1",
                (ending, f"{beginning}*"),
            )


{"save": save, "free": free, "load": load, "name": name}[sys.argv[1]](
    Path(sys.argv[2]), *sys.argv[3:]
)
