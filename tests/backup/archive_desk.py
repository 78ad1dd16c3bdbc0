# SPDX-License-Identifier: EUPL-1.2
"""A desk at an installation with compose whose database archives its log: what is typed there stops and starts it."""

from __future__ import annotations

import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import psycopg

from backup.desk import Desk
from runtime.integration.test_shipped_database import ShippedPostgres
from stadttakt_local.layout import inside
from support.documents import blocks
from support.stack import Stack

PAGE = "docs/how-to/backup.md"
CRON = "/etc/cron.d/stadttakt-backup"


def block(begins: str) -> list[str]:
    """Return the lines of the page's one block with these first words."""
    (found,) = (
        one.text for one in blocks() if one.document == PAGE and one.text.startswith(begins)
    )
    return found.splitlines()


VARIABLES = [
    line for line in block("export STADTTAKT_ADMIN_URL=postgresql://stadttakt@") if "export" in line
]
SET_UP = block("cat >> deploy/.env")
BACK = block("export STADTTAKT_PG_STOPPED")


class ArchiveDesk(Desk):
    """What compose does to the database itself is done to the test's own."""

    def __init__(self, folder: Path, database: ShippedPostgres, stack: Stack) -> None:
        super().__init__(folder, Stack(database, stack.mosquitto))
        self.database = database
        self.archive = database.data_dir / "archive"

    def given(self, user: str) -> dict[str, object]:
        """Return what the pretended tools must know of a container of the database, too."""
        given, database = super().given(user), self.database
        programs = max((database.root / "usr/lib/postgresql").glob("*/bin"))
        path = f"PATH={inside(database.root, programs)}:/usr/bin:/bin"
        environment = [path, f"PGDATA={inside(database.root, database.workdir)}"]
        names = ("/etc/timescaledb", "/archive")
        places = {name: database.places()[f"{name}/"].rstrip("/") for name in names}
        here = given["database"]
        assert isinstance(here, list)
        return {**given, "database": [*here, *environment], "places": places}

    def tool(self, arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Type one command of point_in_time.sh with the page's variables."""
        given = " ".join(f"{name}={value}" for name, value in variables.items())
        line = f"{given} deploy/backup/point_in_time.sh {arguments}"
        return self.type("\n".join([*VARIABLES, BACK[0], line]))

    def set_up(self) -> None:
        """Type the block that begins archiving."""
        end = SET_UP.index("ENV")
        self.each(["\n".join(SET_UP[: end + 1]), *SET_UP[end + 1 :]])

    def back_to(self, moment: datetime | str) -> None:
        """Type the block that goes back, with another moment."""
        (shown,) = (line for line in BACK if " back-to " in line)
        said = shown[shown.index('"') :]
        self.each([line.replace(said, f'"{moment}"') for line in BACK[1:]])

    def each(self, commands: list[str]) -> None:
        for command in commands:
            line = command.replace(CRON, f"{self.folder}/cron")
            outcome = self.type("\n".join([*VARIABLES, BACK[0], line]))
            assert outcome.returncode == 0, f"{line}\n{outcome.stdout}{outcome.stderr}"
            if line.endswith(" stop"):
                self.database.stop()
            if line.endswith(" up --detach --wait timescaledb"):
                self.up()

    def up(self) -> None:
        """Start the database with what deploy/.env says, as compose does."""
        lines = (self.folder / "deploy/.env").read_text().splitlines()
        self.database.variables = dict(line.split("=", 1) for line in lines)
        self.database.stop()
        self.database.start()
        self.database.wait_ready()

    def destroy(self) -> None:
        """End the database as a dying disk does: nothing of its folder is left."""
        self.database.kill()
        shutil.rmtree(self.database.workdir)

    def query(self, statement: str) -> list[tuple[object, ...]]:
        """Return the rows of a statement; it is committed."""
        with psycopg.connect(self.database.admin_url) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []
