"""Messages to outcomes with codecs of both kinds: native ones at once, scripts in worker threads."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from uplink_decoder.codecs.model import AnyCodec, ScriptCodec
from uplink_decoder.decode import Inbound, Outcome, ScriptTask, prepare
from uplink_decoder.devices import DeviceBook
from uplink_decoder.javascript.pool import FRAMES_AT_ONCE, Answer, Key, ScriptPool, key_of

PREPARE_AT_ONCE = 100


class Running(NamedTuple):
    """Script tasks in the pool with their places in the batch; `answers` comes when they ran."""

    positions: Sequence[int]
    tasks: Sequence[ScriptTask]
    answers: asyncio.Future[list[Answer]]

    def outcomes(self) -> list[Outcome]:
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

    async def decode(self, inbound: Sequence[Inbound]) -> list[Outcome]:
        """Return the outcome of each message, in their order, when all scripts have run."""
        found: list[Outcome | ScriptTask] = [
            prepare(message, self._devices, self._codecs) for message in inbound
        ]
        return await self.complete(found)

    async def complete(self, found: Sequence[Outcome | ScriptTask]) -> list[Outcome]:
        """Return outcomes as they are, with those of the tasks among them, in their order."""
        begun = Begun({}, [])
        await self._start(dict(enumerate(found)), begun)
        for running in begun.running:
            await running.answers
            begun.done.update(zip(running.positions, running.outcomes(), strict=True))
        return [begun.done[position] for position in range(len(found))]

    async def begin(self, inbound: Sequence[Inbound]) -> Begun:
        """Decode what is native and start the scripts."""
        begun = Begun({}, [])
        for start in range(0, len(inbound), PREPARE_AT_ONCE):
            some = inbound[start : start + PREPARE_AT_ONCE]
            found = {
                start + index: prepare(message, self._devices, self._codecs)
                for index, message in enumerate(some)
            }
            await self._start(found, begun)
            # Let the transaction of the batch before go on meanwhile.
            await asyncio.sleep(0)
        return begun

    async def _start(self, found: Mapping[int, Outcome | ScriptTask], begun: Begun) -> None:
        waiting: dict[Key, dict[int, ScriptTask]] = defaultdict(dict)
        for position, each in found.items():
            if isinstance(each, ScriptTask):
                waiting[key_of(each.codec)][position] = each
            else:
                begun.done[position] = each
        for tasks in waiting.values():
            positions = list(tasks)
            for start in range(0, len(positions), FRAMES_AT_ONCE):
                await self._scripts.room()
                some = positions[start : start + FRAMES_AT_ONCE]
                begun.running.append(self._submit(some, [tasks[one] for one in some]))

    def _submit(self, positions: Sequence[int], tasks: Sequence[ScriptTask]) -> Running:
        codec: ScriptCodec = tasks[0].codec
        answers = self._scripts.submit(codec, [task.frame for task in tasks])
        return Running(positions, tasks, answers)
