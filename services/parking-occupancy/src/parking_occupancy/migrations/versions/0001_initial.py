# SPDX-License-Identifier: EUPL-1.2
"""Lots, bays, signs; their events and states; what others may read."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from stadttakt_runtime.migrations.timescale import create_hypertable

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

V1_BAY = """
create view parking.v1_bay as
select b.bay_id, b.lot_id, b.kind, b.lat, b.lon,
       case when s.valid_until > now() then s.state else 'unknown' end as state,
       s.since, s.measured_at, s.valid_until, s.simulated
  from parking.bay b join parking.bay_state s using (bay_id)
 where b.retired_at is null and b.kind not in ('disabled_assigned', 'resident')
"""

V1_LOT = """
create view parking.v1_lot as
select l.lot_id, l.name, l.detection, l.lat, l.lon, l.opening, s.capacity,
       case when s.valid_until > now() then s.state else 'unknown' end as state,
       case when s.valid_until > now() then s.free_min end as free_min,
       case when s.valid_until > now() then s.free_max end as free_max,
       s.occupied, s.unknown, s.out_of_service, s.trend, s.by_kind,
       s.measured_at, s.computed_at, s.valid_until, s.simulated
  from parking.lot l join parking.lot_state s using (lot_id)
 where l.retired_at is null
"""

COMMENTS = {
    "v1_bay": "Public bays now; unknown once valid_until is over. Bays of a person are left out.",
    "v1_lot": "Lots now, counts of the general user group; unknown once valid_until is over.",
}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "bay",
        sa.Column("bay_id", sa.Text(), nullable=False),
        sa.Column("lot_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float(precision=53), nullable=False),
        sa.Column("lon", sa.Float(precision=53), nullable=False),
        sa.Column("heartbeat_limit_s", sa.Float(precision=53), nullable=False),
        sa.Column("out_of_service", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("bay_id"),
        schema="parking",
    )
    op.create_table(
        "bay_event",
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("bay_id", sa.Text(), nullable=False),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column("simulated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("previous_duration_s", sa.Integer(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("uplink_id", sa.Uuid(), nullable=True),
        sa.Column("codec_id", sa.Text(), nullable=True),
        sa.Column("codec_version", sa.Integer(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("observed_at", "event_id"),
        schema="parking",
    )
    op.create_index(
        "bay_event_of_bay", "bay_event", ["bay_id", "observed_at"], unique=False, schema="parking"
    )
    op.create_table(
        "bay_state",
        sa.Column("bay_id", sa.Text(), nullable=False),
        sa.Column("newest_event_id", sa.Text(), nullable=True),
        sa.Column("newest_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("newest_reading", sa.Text(), nullable=True),
        sa.Column(
            "newest_simulated", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("start_event_id", sa.Text(), nullable=True),
        sa.Column("other_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("other_event_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("simulated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column(
            "published_version", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column("change_no", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bay_id"),
        schema="parking",
    )
    op.create_table(
        "catch_up",
        sa.Column("view_name", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("view_name"),
        schema="parking",
    )
    op.create_table(
        "configuration",
        sa.Column("only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("only_row", name="one_row"),
        sa.PrimaryKeyConstraint("only_row"),
        schema="parking",
    )
    op.create_table(
        "lot",
        sa.Column("lot_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("detection", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float(precision=53), nullable=False),
        sa.Column("lon", sa.Float(precision=53), nullable=False),
        sa.Column("opening", sa.Text(), nullable=False),
        sa.Column("reserve", sa.Integer(), nullable=False),
        sa.Column("unknown_limit", sa.Float(precision=53), nullable=False),
        sa.Column("alternative", sa.Text(), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("lot_id"),
        schema="parking",
    )
    op.create_table(
        "lot_state",
        sa.Column("lot_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("free_min", sa.Integer(), nullable=True),
        sa.Column("free_max", sa.Integer(), nullable=True),
        sa.Column("occupied", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("out_of_service", sa.Integer(), nullable=False),
        sa.Column("trend", sa.Text(), nullable=True),
        sa.Column("by_kind", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("samples", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("simulated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column(
            "published_version", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column("change_no", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lot_id"),
        schema="parking",
    )
    op.create_table(
        "rejected",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        schema="parking",
    )
    op.create_table(
        "sign",
        sa.Column("sign_id", sa.Text(), nullable=False),
        sa.Column("lot_id", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float(precision=53), nullable=False),
        sa.Column("lon", sa.Float(precision=53), nullable=False),
        sa.Column("min_dwell_s", sa.Float(precision=53), nullable=False),
        sa.Column("stale_after_s", sa.Float(precision=53), nullable=False),
        sa.Column("hold_s", sa.Float(precision=53), nullable=False),
        sa.Column(
            "thresholds", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("texts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("sign_id"),
        schema="parking",
    )
    op.create_table(
        "sign_state",
        sa.Column("sign_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("free", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("alternative", sa.Text(), nullable=True),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("simulated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column(
            "published_version", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column("change_no", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sign_id"),
        schema="parking",
    )
    create_hypertable("bay_event", "observed_at", chunk=timedelta(days=7))
    # Rows that change all the time find room beside themselves, so that no index is touched.
    for table in ("bay_state", "lot_state", "sign_state"):
        op.execute(f"alter table parking.{table} set (fillfactor = 50)")
    op.execute("insert into parking.configuration (version) values (0)")
    op.execute(V1_BAY)
    op.execute(V1_LOT)
    op.execute("grant usage on schema parking to public")
    for view, comment in COMMENTS.items():
        op.execute(f"comment on view parking.{view} is '{comment}'")
        op.execute(f"grant select on parking.{view} to public")


def downgrade() -> None:
    for view in COMMENTS:
        op.execute(f"drop view parking.{view}")
    op.drop_table("sign_state", schema="parking")
    op.drop_table("sign", schema="parking")
    op.drop_table("rejected", schema="parking")
    op.drop_table("lot_state", schema="parking")
    op.drop_table("lot", schema="parking")
    op.drop_table("configuration", schema="parking")
    op.drop_table("catch_up", schema="parking")
    op.drop_table("bay_state", schema="parking")
    op.drop_index("bay_event_of_bay", table_name="bay_event", schema="parking")
    op.drop_table("bay_event", schema="parking")
    op.drop_table("bay", schema="parking")
