# SPDX-License-Identifier: EUPL-1.2
"""The tables of schema `parking`; only `storage` and the migrations import them."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from parking_occupancy.tables import counts, forecasts, stays
from parking_occupancy.tables.schema import (
    count_column,
    flag_column,
    metadata,
    number_column,
    text_column,
    time_column,
)
from stadttakt_runtime.alerts import alert_table
from stadttakt_runtime.leadership import leadership_table

__all__ = ["counts", "forecasts", "metadata", "stays"]

# which instance is active: every write shares its row
leadership = leadership_table(metadata)

# short, since every second line below is one of them
_count, _flag, _number, _text, _time = (
    count_column,
    flag_column,
    number_column,
    text_column,
    time_column,
)


def _shown() -> list[Column[int]]:
    """Return what the retained states share.

    `version` counts what was shown; `change_no` orders the changes of all rows of the schema.
    """
    return [
        Column("version", BigInteger, nullable=False),
        Column("change_no", BigInteger, nullable=False),
    ]


configuration = Table(
    "configuration",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    # grows with every applied change; the running service looks at it every second
    Column("version", BigInteger, nullable=False),
    CheckConstraint("only_row", name="one_row"),
)

lot = Table(
    "lot",
    metadata,
    Column("lot_id", Text, primary_key=True),
    _text("name"),
    _count("capacity"),
    _text("detection"),
    _number("lat"),
    _number("lon"),
    _text("opening"),
    _count("reserve"),
    _number("unknown_limit"),
    _time("retired_at", nullable=True),
    # gates and rules of a lot that is counted at them
    Column("balancing", JSONB(none_as_null=True)),
    # by whose clock and holidays `opening` is meant, and planned closures
    Column("hours", JSONB(none_as_null=True)),
    # in the order in which they are recommended
    Column("alternatives", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    # when a sensor changes more often than vehicles do
    Column("flapping", JSONB(none_as_null=True)),
    # longer stays are overstays
    Column("max_stay_min", Integer),
    # for so long sensors of one bay may contradict each other
    Column("grace_s", Float(53), nullable=False, server_default=text("120")),
    Column("max_height_cm", Integer),
    Column("max_width_cm", Integer),
    # who may stay how long at which hours
    Column("restrictions", JSONB(none_as_null=True)),
    # at how many vacant places it is full or almost full; none: by its size
    Column("thresholds", JSONB(none_as_null=True)),
)

bay = Table(
    "bay",
    metadata,
    Column("bay_id", Text, primary_key=True),
    _text("lot_id"),
    _text("kind"),
    _number("lat"),
    _number("lon"),
    _number("heartbeat_limit_s"),
    _time("retired_at", nullable=True),
    # a polygon as GeoJSON, for maps
    Column("outline", JSONB(none_as_null=True)),
    # of which kind it is at which hours, and who may stay how long
    Column("timed_kinds", JSONB(none_as_null=True)),
    # who may park, where that is more than its kind
    Column("groups", ARRAY(Text)),
    Column("max_stay_min", Integer),
    Column("orientation", Text),
)

sign = Table(
    "sign",
    metadata,
    Column("sign_id", Text, primary_key=True),
    _text("lot_id"),
    _number("lat"),
    _number("lon"),
    _number("min_dwell_s"),
    _number("stale_after_s"),
    _number("hold_s"),
    Column("thresholds", JSONB(none_as_null=True)),
    Column("texts", JSONB, nullable=False),
    _time("retired_at", nullable=True),
    Column("key_id", Text),
    # what its hardware shows
    Column("max_characters", Integer),
)

# Where the secrets are found that vouch for what signs say.
signing_key = Table(
    "signing_key",
    metadata,
    Column("key_id", Text, primary_key=True),
    _text("algorithm"),
    Column("secret_variable", Text),
    Column("secret_file", Text),
)

# What operators ordered, the newest of an entity and name in force; the audit trail as well.
operator_order = Table(
    "operator_order",
    metadata,
    Column("order_id", BigInteger, Identity(always=True), primary_key=True),
    _text("entity_kind"),
    _text("entity_id"),
    # control, override, opening, service, reservation, count
    _text("name"),
    # null takes back what was ordered
    Column("value", JSONB(none_as_null=True)),
    _time("until", nullable=True),
    _text("reason"),
    # an API key's id or a token's subject, no person's name
    _text("author"),
    _time("given_at"),
    Column("undoes", BigInteger),
    # what is in force, and an entity's history
    Index("operator_order_of_entity", "entity_kind", "entity_id", "name", text("order_id desc")),
)

# Hypertable by observation time: every accepted observation.
bay_event = Table(
    "bay_event",
    metadata,
    Column("observed_at", DateTime(timezone=True), primary_key=True),
    Column("event_id", Text, primary_key=True),
    _text("bay_id"),
    _text("reading"),
    _flag("simulated"),
    Column("previous_duration_s", Integer),
    _text("source"),
    Column("uplink_id", Uuid),
    Column("codec_id", Text),
    Column("codec_version", Integer),
    _time("received_at"),
    # a replay's correction: the event of the same time that it replaces
    Column("corrects", Text),
    # refuted, by a correction or without one: as if it had never been said
    _flag("superseded"),
    # which of the bay's sensors spoke; empty where it was not said
    Column("sensor", Text, nullable=False, server_default=text("''")),
    # whether an observation was corrected before it came
    Index("bay_event_corrects", "corrects", postgresql_where=text("corrects is not null")),
    # the history that a late observation needs
    Index("bay_event_of_bay", "bay_id", "observed_at"),
)

# Every sensor that ever spoke of a bay: what is looked up where one of its readings is refuted.
bay_sensor = Table(
    "bay_sensor",
    metadata,
    Column("bay_id", Text, primary_key=True),
    Column("sensor", Text, primary_key=True),
)

bay_state = Table(
    "bay_state",
    metadata,
    Column("bay_id", Text, primary_key=True),
    # the track: newest observation, start of its run, the last that said something else
    Column("newest_event_id", Text),
    _time("newest_at", nullable=True),
    Column("newest_reading", Text),
    _flag("newest_simulated"),
    _time("start_at", nullable=True),
    Column("start_event_id", Text),
    _time("other_at", nullable=True),
    Column("other_event_id", Text),
    # what is shown
    _text("state"),
    _time("since", nullable=True),
    _time("measured_at", nullable=True),
    _time("computed_at"),
    _time("valid_until"),
    _flag("simulated"),
    *_shown(),
    # what was said lately, where flapping is looked for
    Column("recent", JSONB(none_as_null=True)),
    Column("reason", Text),
    # the columns above are of the sensor heard last; the tracks of the bay's others
    Column("newest_sensor", Text, nullable=False, server_default=text("''")),
    Column("other_sensors", JSONB(none_as_null=True)),
)

lot_state = Table(
    "lot_state",
    metadata,
    Column("lot_id", Text, primary_key=True),
    _text("state"),
    _count("capacity"),
    Column("free_min", Integer),
    Column("free_max", Integer),
    _count("occupied"),
    _count("unknown"),
    _count("out_of_service"),
    Column("trend", Text),
    Column("by_kind", JSONB, nullable=False),
    # recent counts, which the trend is judged by
    Column("samples", JSONB, nullable=False),
    _time("measured_at", nullable=True),
    _time("computed_at"),
    _time("valid_until"),
    _time("number_until", nullable=True),
    _flag("simulated"),
    *_shown(),
    Column("free", Integer),
    Column("by_group", JSONB(none_as_null=True)),
)

sign_state = Table(
    "sign_state",
    metadata,
    Column("sign_id", Text, primary_key=True),
    _text("state"),
    # the dwell of sign rule 3 goes on after a restart
    _time("state_since"),
    Column("free", Integer),
    _text("text"),
    _flag("overridden"),
    Column("alternative", Text),
    _time("measured_at", nullable=True),
    _time("computed_at"),
    _time("valid_until"),
    _flag("simulated"),
    # `version` is the sign's sequence
    *_shown(),
    Column("alternative_name", Text),
    Column("alternative_state", Text),
    Column("alternative_free", Integer),
)

alert = alert_table(metadata)

# Hypertable by start: what a lot was, per bucket of 5 minutes, 15 minutes, an hour, a day.
lot_history = Table(
    "lot_history",
    metadata,
    # GET /v1/lots/{lot_id}/history reads along this key, whose index holds the other columns too
    Column("lot_id", Text, primary_key=True),
    Column("width_s", Integer, primary_key=True, autoincrement=False),
    Column("start", DateTime(timezone=True), primary_key=True),
    # null where nothing was known
    Column("free_mean", Float(53)),
    Column("free_min", Integer),
    Column("free_max", Integer),
    Column("occupied_mean", Float(53)),
    _number("unknown_mean"),
    _number("completeness"),
    # null in rows of older versions
    Column("known_share", Float(53)),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    # v1_lot_quarter_hour: what others have not seen
    Index("lot_history_changed", "changed_at", postgresql_where=text("width_s = 900")),
)

lot_history_dirty = Table(
    "lot_history_dirty",
    metadata,
    # a finest bucket that must be counted, anew or for the first time
    Column("lot_id", Text, primary_key=True),
    Column("start", DateTime(timezone=True), primary_key=True),
    # a further mark takes the row's lock: who counts meanwhile must not miss what it stands for
    Column("marks", Integer, nullable=False, server_default=text("1")),
)

history_clock = Table(
    "history_clock",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    # buckets before it have been marked once; what comes later for them marks them again
    _time("closed_until"),
    CheckConstraint("only_row", name="one_row"),
)

rejected = Table(
    "rejected",
    metadata,
    # SHA-256 of topic and payload: a message delivered again is the same row
    Column("digest", LargeBinary, primary_key=True),
    _text("topic"),
    Column("payload", LargeBinary, nullable=False),
    _text("reason"),
    _text("detail"),
    _time("received_at"),
    _time("last_received_at"),
    Column("times", Integer, nullable=False, server_default=text("1")),
)

catch_up = Table(
    "catch_up",
    metadata,
    # a view of another service and the highest sequence seen in it
    Column("view_name", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    # the newest time seen there at which an observation was superseded
    _time("superseded_until", nullable=True),
)
