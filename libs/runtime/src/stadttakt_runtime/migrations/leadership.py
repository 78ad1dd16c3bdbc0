# SPDX-License-Identifier: EUPL-1.2
"""The table of the fencing epoch as a step of a service's revision."""

from __future__ import annotations

from alembic import op

CREATE = """
create table leadership (
    only_row boolean primary key default true constraint one_row check (only_row),
    epoch bigint not null default 0,
    holder text,
    since timestamptz
);
insert into leadership default values;
"""


def create_leadership_table() -> None:
    """Create the table with its row in the present schema."""
    op.execute(CREATE)


def drop_leadership_table() -> None:
    """Drop it again."""
    op.execute("drop table leadership")
