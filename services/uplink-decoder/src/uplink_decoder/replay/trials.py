# SPDX-License-Identifier: EUPL-1.2
"""What a forked process does with messages, so that what kills it kills nobody else; pure.

Scripts are left out: in processes of their own they kill nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stadttakt_messages.topics import Topics
from uplink_decoder.batch import assemble
from uplink_decoder.codecs.model import AnyCodec
from uplink_decoder.decode import Inbound, ScriptTask, prepare, prepare_uplink
from uplink_decoder.devices import DeviceBook
from uplink_decoder.replay.judging import judge, restore
from uplink_decoder.sources import Source


class DeadlyError(Exception):
    """One of these messages kills the process that decodes it."""


def decode_here(
    rows: Sequence[Any],
    sources: Mapping[str, Source],
    devices: DeviceBook,
    codecs: Mapping[str, AnyCodec],
    topics: Topics,
) -> None:
    """Decode stored uplinks on this thread, and drop what comes of it."""
    for row in rows:
        inbound, uplink = restore(row, sources)
        found = prepare_uplink(inbound, row["uplink_id"], uplink, devices, codecs)
        if not isinstance(found, ScriptTask):
            judge(row, found, [], devices, topics)


def read_here(
    inbound: Sequence[Inbound],
    devices: DeviceBook,
    codecs: Mapping[str, AnyCodec],
    topics: Topics,
) -> None:
    """Read and decode raw messages on this thread, and drop what comes of it."""
    for each in inbound:
        found = prepare(each, devices, codecs)
        if not isinstance(found, ScriptTask):
            assemble([found], {}, devices, topics)
