# SPDX-License-Identifier: EUPL-1.2
"""The service's connection pool: role and schema set, transactions, retry when the server is away."""

from __future__ import annotations

import asyncio
import random
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Any, TypeVar

import asyncpg
from prometheus_client import Counter

from stadttakt_runtime.clock import CLOCK
from stadttakt_runtime.log import get_logger

T = TypeVar("T")
Guard = Callable[[Any], Awaitable[None]]
log = get_logger(__name__)

RETRIES = Counter(
    "stadttakt_database_retries_total",
    "Transactions tried again since the database was away",
)
CLOCK_STEPS = Counter(
    "stadttakt_clock_steps_total",
    "How often time stepped by more than two seconds, as both clocks did",
)
MOST_STEP_S = 2.0
MAX_PAUSE_S = 5.0
CLOSE_S = 5.0
CONNECT_S, STATEMENT_S, PROBE_S = 20.0, 120.0, 2.0
LET_GO_S = 10.0
"""How long a statement that was given up, or a connection given back, may keep whoever waits."""
NOTICE_SILENCE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000),
)
"""Have the kernel break a connection whose other end is silent for half a minute, waiting or sending
(RFC 1122, 4.2.3.6; RFC 5482): a server that lost its power resets nothing."""
SERVER_LETS_GO = {
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "4",
    "tcp_user_timeout": "30000",
}
"""The same at the server's end: a session whose service is gone without a word would keep its locks, and all
others from them, for two hours. What stands between both may keep its half alive, so idleness counts too."""

AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,  # class 08
    asyncpg.exceptions.TransactionRollbackError,  # class 40: deadlock, serialisation
    asyncpg.InsufficientResourcesError,  # class 53: disk full, too many connections
    asyncpg.OperatorInterventionError,  # class 57: shutting down, starting up
    asyncpg.PostgresSystemError,  # class 58: the server's own input and output
    asyncpg.ReadOnlySQLTransactionError,  # a standby that was not promoted yet
    asyncpg.exceptions.IdleInTransactionSessionTimeoutError,
)
"""Errors that say nothing about the data: the same transaction may succeed later."""

MISUSE = (asyncpg.InterfaceError, asyncpg.InternalClientError)
"""asyncpg's own errors; a connection that broke under it shows as one of them too."""


class Database:
    """A pool whose every connection acts as the service's own role in its own schema."""

    def __init__(
        self,
        pool: asyncpg.Pool[Any],
        schema: str,
        application_name: str,
        guard: Guard | None = None,
    ) -> None:
        self._pool = pool
        self.schema = schema
        self.application_name = application_name
        self._guard = guard

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, schema: str, size: int = 8) -> AsyncIterator[Database]:
        """Open the pool, waiting as long as the server is away; role and schema share a name.

        The application name tells this process's sessions from those of its other instances.
        """
        application_name = f"stadttakt-{schema}-{secrets.token_hex(4)}"

        async def once() -> asyncpg.Pool[Any]:
            # A pool that failed to open stays closed for good, so each try makes its own.
            return await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=size,
                timeout=CONNECT_S,
                command_timeout=STATEMENT_S,
                init=_notice_silence,
                server_settings={
                    "role": schema,
                    "search_path": f"{schema}, public",
                    "timezone": "UTC",
                    "application_name": application_name,
                    "jit": "off",
                    **SERVER_LETS_GO,
                },
            )

        pool = await _retry(once, what="connect")
        try:
            yield cls(pool, schema, application_name)
        finally:
            await _close(pool)

    def guarded(self, guard: Guard) -> Database:
        """Return the same pool whose `persist` begins each transaction with a check that may raise."""
        return Database(self._pool, self.schema, self.application_name, guard)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """Give a connection outside any transaction, for reads of which somebody is told that they failed."""
        async with self._lent() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """Give a connection inside one transaction: committed on leaving, else rolled back."""
        async with self._lent() as connection, connection.transaction():
            try:
                yield connection
            except (TimeoutError, asyncio.CancelledError):
                await _give_up(connection)
                raise

    @asynccontextmanager
    async def _lent(self, let_go_s: float = LET_GO_S) -> AsyncIterator[Any]:
        connection = await self._pool.acquire()
        try:
            yield connection
        finally:
            try:
                await self._pool.release(connection, timeout=let_go_s)
            except (*AWAY, *MISUSE) as error:
                # What it was lent for is done or has failed by itself; the pool makes another one.
                log.warning("connection_cut_off", error=repr(error))

    async def read(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Run `work`, which changes nothing, outside any transaction, again and again while the server is away."""

        async def once() -> T:
            async with self.connection() as connection:
                return await work(connection)

        return await _retry(once, what="read")

    async def persist(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Run `work` in a transaction, again and again while the server is away.

        `work` must be idempotent: a commit whose answer was lost is repeated. Errors that speak
        of the data (classes 22 and 23) and all others propagate, and so does a cancellation.
        """

        async def once() -> T:
            async with self.transaction() as connection:
                if self._guard is not None:
                    await self._guard(connection)
                return await work(connection)

        return await _retry(once, what="transaction")

    async def is_reachable(self) -> bool:
        """Tell whether what time it is is answered within two seconds; this process's clock takes note of it."""
        try:
            async with asyncio.timeout(PROBE_S), self._lent(PROBE_S) as connection:
                begun = monotonic()
                told = await connection.fetchval("select clock_timestamp()")
                step_s = CLOCK.seen(told, (begun + monotonic()) / 2)
        except (*AWAY, *MISUSE) as error:
            heed_cancellation(error)
            return False
        if abs(step_s) > MOST_STEP_S:
            CLOCK_STEPS.inc()
            log.warning("clock_stepped", by_s=round(step_s, 1))
        return True


def heed_cancellation(error: Exception) -> None:
    """Raise the cancellation of this task that an error of its connection took the place of.

    A transaction that is cancelled is rolled back; where the connection breaks meanwhile, that is
    all that is raised. Whoever goes on then keeps its task group waiting for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error


async def _notice_silence(connection: Any) -> None:
    # asyncpg has no option for it.
    end = connection._transport.get_extra_info("socket")  # noqa: SLF001
    if end.family != socket.AF_UNIX:
        for option in NOTICE_SILENCE:
            end.setsockopt(*option)


async def _give_up(connection: Any) -> None:
    """End a statement that was cancelled or took too long, or else its connection.

    asyncpg would wait for the cancellation as long as for a statement.
    """
    try:
        await connection.execute("rollback", timeout=LET_GO_S)
    except (*AWAY, *MISUSE):
        with suppress(*MISUSE):  # given back already
            connection.terminate()


async def _close(pool: asyncpg.Pool[Any]) -> None:
    """Close in order; cut off what a server that is away does not let go."""
    try:
        await asyncio.wait_for(pool.close(), CLOSE_S)
    except AWAY:
        pool.terminate()


async def _retry(once: Callable[[], Awaitable[T]], *, what: str) -> T:
    pause_s = 0.05
    while True:
        try:
            return await once()
        except (*AWAY, *MISUSE) as error:
            heed_cancellation(error)
            if isinstance(error, MISUSE) and not _is_broken(error):
                raise
            RETRIES.inc()
            log.warning("database_away", what=what, error=repr(error), pause_s=round(pause_s, 2))
        await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 (jitter)
        pause_s = min(pause_s * 2, MAX_PAUSE_S)


def _is_broken(error: Exception) -> bool:
    """Tell a connection that broke in use from a call that is wrong.

    One whose server was killed is called closed or, before the loop has noticed, still busy.
    """
    return any(sign in str(error) for sign in ("closed", "another operation"))


def is_about_the_data(error: BaseException) -> bool:
    """Tell whether an SQL error blames a row: class 22 (data) or 23 (integrity)."""
    state = getattr(error, "sqlstate", None)
    return isinstance(state, str) and state[:2] in {"22", "23"}
