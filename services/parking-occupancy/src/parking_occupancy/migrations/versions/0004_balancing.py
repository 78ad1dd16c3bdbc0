# SPDX-License-Identifier: EUPL-1.2
"""Lots that are counted at their gates, and alerts."""

from __future__ import annotations

from datetime import timedelta

from alembic import op

from stadttakt_runtime.migrations.alerts import create_alert_table, drop_alert_table
from stadttakt_runtime.migrations.timescale import create_hypertable

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UP = """
alter table parking.lot add column balancing jsonb;
alter table parking.lot_state add column free integer;
update parking.lot_state set free = free_min;
create table parking.gate_event (
    observed_at timestamptz not null,
    event_id text not null,
    lot_id text not null,
    gate text not null,
    mode text not null,
    count_in bigint not null,
    count_out bigint not null,
    inside bigint,
    simulated boolean not null default false,
    corrects text,
    source text not null,
    uplink_id uuid,
    codec_id text,
    codec_version integer,
    received_at timestamptz not null,
    primary key (observed_at, event_id)
);
create index gate_event_of_lot on parking.gate_event (lot_id, observed_at);
create table parking.count_anchor (
    lot_id text not null,
    at timestamptz not null,
    anchor_id text not null,
    cause text not null,
    lowest integer not null,
    highest integer not null,
    primary key (lot_id, at, anchor_id)
);
create table parking.count_correction (
    lot_id text not null,
    at timestamptz not null,
    ref text not null,
    cause text not null,
    amount integer not null,
    gate text,
    simulated boolean not null default false,
    primary key (lot_id, at, ref, cause)
);
create table parking.count_state (
    lot_id text primary key,
    balance jsonb not null
);
create table parking.count_checkpoint (
    lot_id text not null,
    until timestamptz not null,
    balance jsonb not null,
    primary key (lot_id, until)
);
create or replace view parking.v1_lot as
select l.lot_id, l.name, l.detection, l.lat, l.lon, l.opening, s.capacity,
       case when s.valid_until > now() then s.state else 'unknown' end as state,
       case when s.valid_until > now() then s.free_min end as free_min,
       case when s.valid_until > now() then s.free_max end as free_max,
       s.occupied, s.unknown, s.out_of_service, s.trend, s.by_kind,
       s.measured_at, s.computed_at, s.valid_until, s.simulated,
       case when s.valid_until > now() then s.free end as free
  from parking.lot l join parking.lot_state s using (lot_id)
 where l.retired_at is null;
"""

DOWN = """
drop view parking.v1_lot;
create view parking.v1_lot as
select l.lot_id, l.name, l.detection, l.lat, l.lon, l.opening, s.capacity,
       case when s.valid_until > now() then s.state else 'unknown' end as state,
       case when s.valid_until > now() then s.free_min end as free_min,
       case when s.valid_until > now() then s.free_max end as free_max,
       s.occupied, s.unknown, s.out_of_service, s.trend, s.by_kind,
       s.measured_at, s.computed_at, s.valid_until, s.simulated
  from parking.lot l join parking.lot_state s using (lot_id)
 where l.retired_at is null;
comment on view parking.v1_lot is
    'Lots now, counts of the general user group; unknown once valid_until is over.';
grant select on parking.v1_lot to public;
drop table parking.count_checkpoint, parking.count_state, parking.count_correction,
    parking.count_anchor, parking.gate_event;
alter table parking.lot_state drop column free;
alter table parking.lot drop column balancing;
"""


def upgrade() -> None:
    """Create what is remembered of gates and counts."""
    op.execute(UP)
    create_hypertable("gate_event", "observed_at", chunk=timedelta(days=7))
    create_alert_table()


def downgrade() -> None:
    """Drop it; what gates said is lost."""
    drop_alert_table()
    op.execute(DOWN)
