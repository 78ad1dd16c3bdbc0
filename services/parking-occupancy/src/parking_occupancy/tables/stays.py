# SPDX-License-Identifier: EUPL-1.2
"""Stays: kinds of bays, what single bays were, gate flows, and what lots were by day."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from parking_occupancy.tables.schema import (
    count_column,
    metadata,
    number_column,
    text_column,
    time_column,
)

# Of which kind a bay was when: a trigger on `bay` writes it. The first holds for all the time before,
# the last one until infinity.
bay_kind = Table(
    "bay_kind",
    metadata,
    Column("bay_id", Text, primary_key=True),
    Column("since", DateTime(timezone=True), primary_key=True),
    time_column("until"),
    text_column("kind"),
    Column("groups", ARRAY(Text)),
    Column("timed_kinds", JSONB(none_as_null=True)),
    # that of a person, be it at times: what was said of it then is told nowhere
    Column("personal", Boolean, nullable=False),
)

# A bay was occupied (a stay) or free in between; never of bays that belong to a person.
bay_stretch = Table(
    "bay_stretch",
    metadata,
    # the stretches of a lot's bays in a stretch of time, and the last before it
    Column("bay_id", Text, primary_key=True),
    Column("begun_to", DateTime(timezone=True), primary_key=True),
    # two kinds may begin at one time where one is known for a moment only
    Column("occupied", Boolean, primary_key=True),
    time_column("begun_from", nullable=True),
    time_column("ended_from"),
    time_column("ended_to", nullable=True),
    text_column("ending"),
    Column("simulated", Boolean, nullable=False),
)

stay_dirty = Table(
    "stay_dirty",
    metadata,
    # a bay whose stretches must be made anew from a time on
    Column("bay_id", Text, primary_key=True),
    time_column("since"),
    Column("marks", Integer, nullable=False, server_default=text("1")),
)

lot_flow = Table(
    "lot_flow",
    metadata,
    # of a lot that is counted at gates, by finest bucket of history; domain.flow.Flow says what
    Column("lot_id", Text, primary_key=True),
    Column("start", DateTime(timezone=True), primary_key=True),
    count_column("arrivals"),
    count_column("departures"),
    count_column("arrivals_before"),
    count_column("departures_before"),
    time_column("before_from", nullable=True),
    count_column("arrivals_missed"),
    count_column("departures_missed"),
    number_column("known_s"),
    number_column("full_s"),
    number_column("tight_s"),
    count_column("full_arrivals_min"),
    number_column("full_arrivals"),
    count_column("full_arrivals_max"),
    count_column("tight_arrivals"),
    count_column("tight_departures"),
    number_column("tight_inside_s"),
    Column("inside_first", Integer),
    Column("inside_mean", Float(53)),
    Column("inside_low_mean", Float(53)),
    Column("inside_high_mean", Float(53)),
    Column("inside_high_least", Integer),
    Column("simulated", Boolean, nullable=False),
)

stay_day = Table(
    "stay_day",
    metadata,
    Column("lot_id", Text, primary_key=True),
    # the city's date
    Column("day", Date, primary_key=True),
    count_column("arrivals"),
    count_column("departures"),
    Column("dwell_median_min", Float(53)),
    Column("dwell_mean_min", Float(53)),
    Column("turnover", Float(53)),
    Column("full_share", Float(53)),
    Column("failed_entries", Integer),
    # nothing fills it: no sensor sees who never came; the version before reads it
    Column("unserved", Float(53)),
    number_column("completeness"),
    Column("simulated", Boolean, nullable=False),
    # arrivals while no general place was free
    Column("full_arrivals", Float(53)),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    # v1_stay_day: what others have not seen
    Index("stay_day_changed", "changed_at"),
)

stay_day_dirty = Table(
    "stay_day_dirty",
    metadata,
    # a lot's day that must be counted
    Column("lot_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("marks", Integer, nullable=False, server_default=text("1")),
)
