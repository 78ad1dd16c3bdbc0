# SPDX-License-Identifier: EUPL-1.2
"""What a replay changes in the environment series: the rows there may be, and those there shall be."""

from __future__ import annotations

from collections.abc import Sequence

from uplink_decoder.batch import Found, environment_rows
from uplink_decoder.domain.events import event_id
from uplink_decoder.domain.readings import ASSET_SUBJECT, ENVIRONMENT
from uplink_decoder.domain.series import SeriesPlace, SeriesRow
from uplink_decoder.replay.judging import Verdict


def wanted_rows(verdicts: Sequence[Verdict]) -> list[SeriesRow]:
    """Return the rows that a first decoding as of now would have written.

    With the ids that it would have given, not those of corrections: a series is the same however
    often it was decoded.
    """
    found = [
        Found(verdict.item, verdict.times, event_id(verdict.item.uplink_id, index), observation)
        for verdict in verdicts
        for index, observation in enumerate(verdict.fresh)
        if observation.kind == ENVIRONMENT
    ]
    return environment_rows(found)


def earlier_places(verdicts: Sequence[Verdict]) -> set[SeriesPlace]:
    """Return where earlier decodings may have left rows."""
    return {
        SeriesPlace(
            old.subject.removeprefix(ASSET_SUBJECT),
            each["quantity"],
            old.observed_at,
            str(verdict.item.uplink_id),
        )
        for verdict in verdicts
        for old in verdict.stored
        if old.kind == ENVIRONMENT
        for each in old.data["quantities"]
    }
