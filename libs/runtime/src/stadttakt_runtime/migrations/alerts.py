# SPDX-License-Identifier: EUPL-1.2
"""The table of alerts as a step of a service's revision; its shape stands in `alerts.schema`."""

from __future__ import annotations

from alembic import op

CREATE = """
create table alert (
    number bigint generated always as identity primary key,
    kind text not null,
    alert_id text not null,
    severity text not null,
    text_de text not null,
    text_en text not null,
    details jsonb not null,
    simulated boolean not null,
    raised_at timestamptz not null,
    changed_at timestamptz not null,
    cleared_at timestamptz,
    change bigint not null,
    published_change bigint not null default 0
);
create unique index alert_open on alert (kind, alert_id) where cleared_at is null;
create unique index alert_in_order_of_change on alert (change);
create index alert_unpublished on alert (change) where published_change < change;
create sequence alert_change;
"""


def create_alert_table() -> None:
    """Create table and sequence in the present schema."""
    op.execute(CREATE)


def drop_alert_table() -> None:
    """Drop them again."""
    op.execute("drop table alert; drop sequence alert_change")
