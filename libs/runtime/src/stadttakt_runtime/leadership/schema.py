# SPDX-License-Identifier: EUPL-1.2
"""The table that holds the fencing epoch, made for any service's schema."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, MetaData, Table, Text, text
from sqlalchemy.types import DateTime


def leadership_table(metadata: MetaData) -> Table:
    """Return the table `leadership`: one row, whose epoch grows whenever another instance leads."""
    return Table(
        "leadership",
        metadata,
        Column("only_row", Boolean, primary_key=True, server_default=text("true")),
        Column("epoch", BigInteger, nullable=False, server_default=text("0")),
        # the leader's application_name at the database
        Column("holder", Text),
        Column("since", DateTime(timezone=True)),
        CheckConstraint("only_row", name="one_row"),
    )
