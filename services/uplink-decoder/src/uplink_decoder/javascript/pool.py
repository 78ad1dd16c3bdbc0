# SPDX-License-Identifier: EUPL-1.2
"""Worker processes for scripts, in front of them a queue and a breaker; all of it in one event loop."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import NamedTuple, Self

from stadttakt_runtime.log import get_logger
from uplink_decoder.codecs.model import Frame, ScriptCodec
from uplink_decoder.javascript import metrics
from uplink_decoder.javascript.answers import Answer, ScriptError
from uplink_decoder.javascript.breaker import Breaker
from uplink_decoder.javascript.process import ScriptProcess, Told

log = get_logger(__name__)
FRAMES_AT_ONCE = 64
CAPACITY = 4000


class Key(NamedTuple):
    """What the breaker knows a codec version by."""

    codec_id: str
    version: int
    source: str


def key_of(codec: ScriptCodec) -> Key:
    """Return what the breaker knows a codec version by."""
    return Key(codec.codec_id, codec.version, codec.source)


@dataclass(slots=True, eq=False)
class _Job:
    """Frames with the answers that there are so far; `singly` after they took a process down."""

    frames: Sequence[Frame]
    done: asyncio.Future[list[Answer]]
    answers: list[Answer] = field(default_factory=list)
    singly: bool = False

    @property
    def rest(self) -> Sequence[Frame]:
        return self.frames[len(self.answers) :]


@dataclass(frozen=True, slots=True, eq=False)
class _Queue:
    """The jobs of one codec version that wait."""

    codec: ScriptCodec
    jobs: deque[_Job] = field(default_factory=deque)


class _Call(NamedTuple):
    """Jobs of one codec version that go to a process together."""

    key: Key
    codec: ScriptCodec
    jobs: Sequence[_Job]


class ScriptPool:
    """Runs scripts beside the event loop; no codec ever has all processes."""

    def __init__(self, workers: int) -> None:
        self._count = workers
        self._most = max(1, workers - 1)
        self._queues: OrderedDict[Key, _Queue] = OrderedDict()
        self._running: Counter[Key] = Counter()
        self._breaker = Breaker()
        self._waiting = 0
        self._room = asyncio.Event()
        self._room.set()

    async def __aenter__(self) -> Self:
        """Start the processes."""
        self._loop = asyncio.get_running_loop()
        self._idle: deque[asyncio.Future[_Call]] = deque()
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        self._working = [
            self._group.create_task(self._work(), name=f"scripts-{number}")
            for number in range(self._count)
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the processes; what waits or runs is dropped."""
        for task in self._working:
            task.cancel()
        await self._group.__aexit__(kind, error, trace)
        self._idle.clear()
        for queue in self._queues.values():
            for job in queue.jobs:
                job.done.cancel()
        self._queues.clear()

    async def room(self) -> None:
        """Wait until fewer frames wait than the queue is to hold."""
        await self._room.wait()

    def submit(self, codec: ScriptCodec, frames: Sequence[Frame]) -> asyncio.Future[list[Answer]]:
        """Have frames decoded, best `FRAMES_AT_ONCE` or fewer; there is one answer for each."""
        job = _Job(frames, self._loop.create_future())
        self._count_waiting(len(frames))
        job.done.add_done_callback(lambda _: self._count_waiting(-len(frames)))
        self._queues.setdefault(key_of(codec), _Queue(codec)).jobs.append(job)
        self._dispatch()
        return job.done

    def _count_waiting(self, change: int) -> None:
        self._waiting += change
        metrics.WAITING.set(self._waiting)
        if self._waiting < CAPACITY:
            self._room.set()
        else:
            self._room.clear()

    # -- what next -------------------------------------------------------------------------

    def _dispatch(self) -> None:
        while self._idle and (call := self._fitting()) is not None:
            self._running[call.key] += 1
            self._idle.popleft().set_result(call)

    def _fitting(self) -> _Call | None:
        """Return what may run: codecs take turns, and none has all processes.

        Those that ran into limits have one each, and not all together.
        """
        clean = self._breaker.is_clean
        suspects = sum(count for key, count in self._running.items() if not clean(key))
        for key, queue in self._queues.items():
            busy = self._running[key]
            if busy < self._most if clean(key) else not busy and suspects < self._most:
                call = _Call(key, queue.codec, _take(queue.jobs))
                self._queues.move_to_end(key)
                if not queue.jobs:
                    del self._queues[key]
                return call
        return None

    async def _next(self) -> _Call:
        asked: asyncio.Future[_Call] = self._loop.create_future()
        self._idle.append(asked)
        self._dispatch()
        return await asked

    # -- one worker ------------------------------------------------------------------------

    async def _work(self) -> None:
        async with ScriptProcess() as process:
            while True:
                # Anew after a death, and before a job could wait for it.
                await process.start()
                await self._run(process, await self._next())

    async def _run(self, process: ScriptProcess, call: _Call) -> None:
        try:
            answers = deque(await self._answers(process, call))
        except asyncio.CancelledError:
            for job in call.jobs:
                job.done.cancel()
            raise
        finally:
            self._running -= Counter([call.key])
        again = []
        for job in call.jobs:
            while answers and job.rest:
                job.answers.append(answers.popleft())
            if job.rest:
                again.append(job)
            elif not job.done.done():
                job.done.set_result(job.answers)
        if again:
            queue = self._queues.setdefault(call.key, _Queue(call.codec))
            queue.jobs.extendleft(reversed(again))
        self._dispatch()

    async def _answers(self, process: ScriptProcess, call: _Call) -> list[Answer]:
        """Return answers to the first frames of a call: to one if the codec is under suspicion."""
        frames = [frame for job in call.jobs for frame in job.rest]
        clean = self._breaker.is_clean(call.key)
        if not self._breaker.allows(call.key, time.monotonic()):
            return [ScriptError("the codec ran into limits", "codec_suspended")] * len(frames)
        some = frames if clean else frames[:1]
        together = call.codec.stateless and len(some) > 1
        together = together and not any(job.singly for job in call.jobs)
        told = await self._ask(process, call.codec, some, together=together)
        if together and told.death is not None:
            # Which of them it was is found one by one.
            for job in call.jobs:
                job.singly = True
            return []
        answers = [*told.answers, *([told.death] if told.death else [])]
        for answer in answers:
            self._note(call, answer)
        return answers

    async def _ask(
        self, process: ScriptProcess, codec: ScriptCodec, frames: Sequence[Frame], *, together: bool
    ) -> Told:
        began = time.monotonic()
        told = await process.decode(codec.source, frames, kept=codec.stateless, together=together)
        metrics.SECONDS.observe(time.monotonic() - began)
        metrics.FRAMES.inc(len(frames))
        if told.death is not None:
            metrics.KILLED.inc()
            log.warning(
                "script_process_ended",
                codec_id=codec.codec_id,
                version=codec.version,
                reason=told.death.reason,
            )
        return told

    def _note(self, call: _Call, answer: Answer) -> None:
        hit = isinstance(answer, ScriptError) and answer.is_limit
        if not hit and self._breaker.is_clean(call.key):
            return
        note = self._breaker.failed if hit else self._breaker.succeeded
        changed = note(call.key, time.monotonic())
        metrics.SUSPENDED.set(self._breaker.suspended)
        if isinstance(answer, ScriptError) and hit:
            metrics.LIMITS.labels(answer.reason).inc()
        if changed:
            event = "codec_suspended" if hit else "codec_resumed"
            log.warning(event, codec_id=call.codec.codec_id, version=call.codec.version)


def _take(jobs: deque[_Job]) -> list[_Job]:
    """Take the first job, and those behind it that fit into one call with it."""
    taken = [jobs.popleft()]
    count = len(taken[0].rest)
    while jobs and count + len(jobs[0].rest) <= FRAMES_AT_ONCE:
        taken.append(jobs.popleft())
        count += len(taken[-1].rest)
    return taken
