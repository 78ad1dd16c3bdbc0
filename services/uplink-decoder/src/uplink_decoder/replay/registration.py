# SPDX-License-Identifier: EUPL-1.2
"""Notices devices that were registered after they had sent, and has what they sent decoded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.log import get_logger
from uplink_decoder.codecs.model import AnyCodec
from uplink_decoder.domain.selection import Selection
from uplink_decoder.domain.uplink import Flag
from uplink_decoder.storage import registrations, replays
from uplink_decoder.storage.registry import newest_change

log = get_logger(__name__)
LOOK_AGAIN_S = 10.0
"""Decoders read a changed registry within two seconds; what they had in hand is stored then."""
LOOK_EVERY_S = 3600.0
AT_ONCE = 10_000
WANTING = (Flag.UNKNOWN_DEVICE, Flag.NO_CODEC, Flag.UNKNOWN_CODEC, Flag.NO_ASSET)


class Registrations:
    """Looks when registry or codecs have changed, a little later again, and every hour."""

    def __init__(self, codecs: Mapping[str, AnyCodec], days: int) -> None:
        self._codecs = codecs
        self._days = days
        self._version: tuple[int, frozenset[str]] | None = None
        self._looks: list[float] = []

    async def look(self, connection: Any, now_s: float) -> int | None:
        """Queue a replay for devices that became readable, if it is time; return its number."""
        if not self._days:
            return None
        version = await newest_change(connection), frozenset(self._codecs)
        if version != self._version:
            self._version = version
            self._looks = [now_s, now_s + LOOK_AGAIN_S, now_s + LOOK_EVERY_S]
        if now_s < self._looks[0]:
            return None
        self._looks = self._looks[1:] or [now_s + LOOK_EVERY_S]
        since = utc_now() - timedelta(days=self._days)
        found = await registrations.newly_readable(
            connection, since=since, codec_ids=list(self._codecs), limit=AT_ONCE
        )
        if not found:
            return None
        selection = Selection(
            dev_euis=tuple(found), flags=tuple(flag.value for flag in WANTING), from_time=since
        )
        request = replays.Request("registration", selection, "decoder")
        replay_id: int = (await replays.create(connection, request))["replay_id"]
        log.info("late_registration", devices=len(found), replay=replay_id)
        return replay_id
