"""Worker threads for scripts, in front of them asyncio: queue, breaker, watch over what hangs."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from stadttakt_runtime.log import get_logger
from uplink_decoder.codecs.model import Frame, ScriptCodec
from uplink_decoder.javascript import metrics
from uplink_decoder.javascript.breaker import Breaker
from uplink_decoder.javascript.contexts import Contexts
from uplink_decoder.javascript.engine import ScriptError, ScriptResult

log = get_logger(__name__)
FRAMES_AT_ONCE = 32
CAPACITY = 4000
STUCK_AFTER_S = 2.0
WATCH_EVERY_S = 0.25

Answer = ScriptResult | ScriptError
Key = tuple[str, int, str]


@dataclass(slots=True)
class _Job:
    codec: ScriptCodec
    frames: Sequence[Frame]
    variables: Mapping[str, str] | None
    done: asyncio.Future[list[Answer]]

    @property
    def key(self) -> Key:
        return key_of(self.codec)


@dataclass(slots=True)
class _Worker:
    """One thread; `since` is when its present call into the engine began."""

    job: _Job | None = None
    since: float | None = None
    given_up: bool = False
    contexts: Contexts = field(default_factory=Contexts)


def key_of(codec: ScriptCodec) -> Key:
    """Return what the breaker knows a codec version by."""
    return codec.codec_id, codec.version, codec.source


class ScriptPool:
    """Runs scripts beside the event loop; the engine lets other threads run meanwhile."""

    def __init__(self, workers: int) -> None:
        self._count = workers
        self._workers: list[_Worker] = []
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._breaker = Breaker()
        self._closed = False
        self._waiting = 0
        self._room = asyncio.Event()
        self._room.set()

    async def __aenter__(self) -> Self:
        """Start the threads."""
        self._loop = asyncio.get_running_loop()
        for _ in range(self._count):
            self._start_worker()
        self._watching = self._loop.call_later(WATCH_EVERY_S, self._watch)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the threads end after their present call; what waits is dropped."""
        self._watching.cancel()
        with self._changed:
            self._closed = True
            for job in self._jobs:
                job.done.cancel()
            self._jobs.clear()
            self._changed.notify_all()

    async def room(self) -> None:
        """Wait until fewer frames wait than the queue is to hold."""
        await self._room.wait()

    def submit(
        self,
        codec: ScriptCodec,
        frames: Sequence[Frame],
        variables: Mapping[str, str] | None = None,
    ) -> asyncio.Future[list[Answer]]:
        """Have frames decoded, best `FRAMES_AT_ONCE` or fewer; there is one answer for each."""
        job = _Job(codec, frames, variables, self._loop.create_future())
        self._count_waiting(len(frames))
        job.done.add_done_callback(lambda _: self._count_waiting(-len(frames)))
        with self._changed:
            self._jobs.append(job)
            self._changed.notify()
        return job.done

    def _count_waiting(self, change: int) -> None:
        self._waiting += change
        metrics.WAITING.set(self._waiting)
        if self._waiting < CAPACITY:
            self._room.set()
        else:
            self._room.clear()

    # -- in the worker threads -------------------------------------------------------------

    def _start_worker(self) -> None:
        worker = _Worker()
        self._workers.append(worker)
        threading.Thread(target=self._work, args=[worker], name="script", daemon=True).start()

    def _work(self, worker: _Worker) -> None:
        while (job := self._next(worker)) is not None:
            try:
                answers = self._answers(worker, job)
            except Exception as error:  # noqa: BLE001 (raised where the answers are awaited)
                self._hand_over(worker, job, error)
                return
            self._hand_over(worker, job, answers)

    def _next(self, worker: _Worker) -> _Job | None:
        with self._changed:
            worker.job = None
            while not (self._closed or worker.given_up):
                job = self._fitting()
                if job is not None:
                    self._jobs.remove(job)
                    worker.job = job
                    return job
                self._changed.wait()
            return None

    def _fitting(self) -> _Job | None:
        """Return the first job that may run: a codec under suspicion has one thread at most."""
        busy = {worker.job.key for worker in self._workers if worker.job}
        for job in self._jobs:
            if job.key not in busy or self._breaker.is_clean(job.key):
                return job
        return None

    def _answers(self, worker: _Worker, job: _Job) -> list[Answer]:
        with self._changed:
            clean = self._breaker.is_clean(job.key)
        if clean and job.codec.stateless:
            try:
                answers = self._call(worker, job, job.frames)
            except ScriptError:
                # Which of them it was is found one by one.
                pass
            else:
                for answer in answers:
                    self._note(job, answer)
                return answers
        return [self._single(worker, job, frame) for frame in job.frames]

    def _single(self, worker: _Worker, job: _Job, frame: Frame) -> Answer:
        with self._changed:
            allowed = self._breaker.allows(job.key, time.monotonic())
        if not allowed:
            return ScriptError("the codec is suspended, it ran into limits", "codec_suspended")
        answer: Answer
        try:
            (answer,) = self._call(worker, job, [frame])
        except ScriptError as error:
            answer = error
        self._note(job, answer)
        return answer

    def _call(self, worker: _Worker, job: _Job, frames: Sequence[Frame]) -> list[Answer]:
        worker.since = began = time.monotonic()
        try:
            return worker.contexts.decode(job.codec, frames, job.variables)
        finally:
            worker.since = None
            metrics.SECONDS.observe(time.monotonic() - began)
            metrics.FRAMES.inc(len(frames))

    def _note(self, job: _Job, answer: Answer) -> None:
        hit = isinstance(answer, ScriptError) and answer.is_limit
        if not hit and self._breaker.is_clean(job.key):
            return
        with self._changed:
            note = self._breaker.failed if hit else self._breaker.succeeded
            changed = note(job.key, time.monotonic())
            metrics.SUSPENDED.set(self._breaker.suspended)
            self._changed.notify_all()
        if isinstance(answer, ScriptError) and hit:
            metrics.LIMITS.labels(answer.reason).inc()
        if changed:
            event = "codec_suspended" if hit else "codec_resumed"
            log.warning(event, codec_id=job.codec.codec_id, version=job.codec.version)

    def _hand_over(self, worker: _Worker, job: _Job, outcome: list[Answer] | Exception) -> None:
        with self._changed:
            if self._closed or worker.given_up:
                return
            self._loop.call_soon_threadsafe(_settle, job.done, outcome)

    # -- watching --------------------------------------------------------------------------

    def _watch(self) -> None:
        self._watching = self._loop.call_later(WATCH_EVERY_S, self._watch)
        now = time.monotonic()
        for worker in list(self._workers):
            if worker.since is not None and now - worker.since > STUCK_AFTER_S:
                self._give_up(worker)

    def _give_up(self, worker: _Worker) -> None:
        """Leave a thread to a script that does not stop, and put another in its place."""
        with self._changed:
            job = worker.job
            if job is None:
                return
            worker.given_up = True
            self._workers.remove(worker)
            self._breaker.condemn(job.key)
            metrics.SUSPENDED.set(self._breaker.suspended)
            self._start_worker()
            self._changed.notify_all()
        metrics.STUCK.inc()
        log.error("script_stuck", codec_id=job.codec.codec_id, version=job.codec.version)
        stuck = ScriptError(f"did not stop within {STUCK_AFTER_S} s", "codec_timeout")
        _settle(job.done, [stuck for _ in job.frames])


def _settle(done: asyncio.Future[list[Answer]], outcome: list[Answer] | Exception) -> None:
    if done.done():
        return
    if isinstance(outcome, Exception):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)
