# SPDX-License-Identifier: EUPL-1.2
"""Messages to outcomes with codecs of both kinds: native ones at once, scripts in worker processes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from uplink_decoder.codecs.model import AnyCodec
from uplink_decoder.decode import DecodedUplink, Inbound, Outcome, ScriptTask, prepare
from uplink_decoder.devices import DeviceBook
from uplink_decoder.javascript.answers import Answer
from uplink_decoder.javascript.pool import FRAMES_AT_ONCE, Key, ScriptPool, key_of

PREPARE_AT_ONCE = 100


class Running(NamedTuple):
    """Script tasks in the pool with their places in the batch; `answers` comes when they ran."""

    positions: Sequence[int]
    tasks: Sequence[ScriptTask]
    answers: asyncio.Future[list[Answer]]

    def outcomes(self) -> list[DecodedUplink]:
        """Return the outcomes, in the order of `positions`, once `answers` is there."""
        pairs = zip(self.tasks, self.answers.result(), strict=True)
        return [task.finished(answer) for task, answer in pairs]


class Begun(NamedTuple):
    """A batch of which everything native is decoded, by position, and the scripts run."""

    done: dict[int, Outcome]
    running: list[Running]


class Decoding:
    """Decodes messages with the devices and codecs of the moment."""

    def __init__(
        self, devices: DeviceBook, codecs: Mapping[str, AnyCodec], scripts: ScriptPool
    ) -> None:
        self._devices = devices
        self._codecs = codecs
        self._scripts = scripts

    async def begin(self, inbound: Sequence[Inbound]) -> Begun:
        """Decode what is native and start the scripts."""
        begun = Begun({}, [])
        for start in range(0, len(inbound), PREPARE_AT_ONCE):
            tasks: dict[int, ScriptTask] = {}
            for position, message in enumerate(inbound[start : start + PREPARE_AT_ONCE], start):
                found = prepare(message, self._devices, self._codecs)
                if isinstance(found, ScriptTask):
                    tasks[position] = found
                else:
                    begun.done[position] = found
            begun.running.extend(await _submit(tasks, self._scripts))
            # Let the transaction of the batch before go on meanwhile.
            await asyncio.sleep(0)
        return begun


async def complete(
    found: Sequence[DecodedUplink | ScriptTask], scripts: ScriptPool
) -> list[DecodedUplink]:
    """Return uplinks with what their scripts make of them, in their order, when all have run."""
    done: dict[int, DecodedUplink] = {}
    tasks: dict[int, ScriptTask] = {}
    for position, each in enumerate(found):
        if isinstance(each, ScriptTask):
            tasks[position] = each
        else:
            done[position] = each
    for running in await _submit(tasks, scripts):
        await running.answers
        done.update(zip(running.positions, running.outcomes(), strict=True))
    return [done[position] for position in range(len(found))]


async def _submit(tasks: Mapping[int, ScriptTask], scripts: ScriptPool) -> list[Running]:
    by_codec: dict[Key, list[int]] = defaultdict(list)
    for position, task in tasks.items():
        by_codec[key_of(task.codec)].append(position)
    running = []
    for positions in by_codec.values():
        for start in range(0, len(positions), FRAMES_AT_ONCE):
            await scripts.room()
            some = positions[start : start + FRAMES_AT_ONCE]
            group = [tasks[position] for position in some]
            answers = scripts.submit(group[0].codec, [task.frame for task in group])
            running.append(Running(some, group, answers))
    return running
