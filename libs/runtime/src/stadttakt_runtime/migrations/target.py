# SPDX-License-Identifier: EUPL-1.2
"""What a service declares about its schema (entry-point group `stadttakt.migrations`)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.config import Config
from alembic.script import ScriptDirectory

if TYPE_CHECKING:
    from sqlalchemy import MetaData

ENVIRONMENT = Path(__file__).parent / "environment"
VERSION_TABLE = "alembic_version"


@dataclass(frozen=True)
class MigrationTarget:
    """A schema, its role of the same name, its tables and the folder of its revisions.

    `extensions` are those of PostgreSQL's own that its revisions use; a database's owner may
    create them.
    """

    schema: str
    metadata: MetaData
    versions: Path
    extensions: tuple[str, ...] = ()

    def config(self) -> Config:
        """Return Alembic's configuration; the environment is shared, the revisions are not."""
        config = Config(stdout=StringIO())
        # ConfigParser reads `%` as interpolation.
        config.set_main_option("script_location", _escaped(ENVIRONMENT))
        config.set_main_option("version_locations", _escaped(self.versions))
        config.set_main_option("path_separator", "newline")
        config.attributes["target"] = self
        return config

    @cached_property
    def head(self) -> str:
        """The newest revision."""
        head = ScriptDirectory.from_config(self.config()).get_current_head()
        if head is None:
            message = f"{self.versions} holds no revision"
            raise LookupError(message)
        return head

    @cached_property
    def revisions(self) -> AbstractSet[str]:
        """All revisions that this version of the service knows."""
        walk = ScriptDirectory.from_config(self.config()).walk_revisions()
        return frozenset(script.revision for script in walk)


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
