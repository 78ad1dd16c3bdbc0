# SPDX-License-Identifier: EUPL-1.2
"""Answers about signs as ready bytes: rendered once for each change, served as they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

from parking_occupancy import wire
from parking_occupancy.board import Board
from parking_occupancy.domain.sign import SignReport, withdrawn
from parking_occupancy.entity import Entity
from parking_occupancy.signing import Signatures, text_message
from stadttakt_messages.base import SignId
from stadttakt_messages.states import Signature
from stadttakt_runtime.http.headers import NO_CONTENT_POLICY, SECURITY_HEADERS
from stadttakt_runtime.http.sse import Broadcaster, Event, make_event

Headers = list[tuple[bytes, bytes]]
_SECOND = timedelta(seconds=1)
_ALWAYS: Headers = [
    (b"cache-control", b"no-cache"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"ETag, Last-Modified, Valid-Until, Sequence, Signature"),
    NO_CONTENT_POLICY,
    *SECURITY_HEADERS,
]
"""What the application's own layers add to other answers; ours do not pass through them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One representation of a sign."""

    body: bytes
    etag: bytes
    headers: Headers
    bare_headers: Headers
    """Those of a 304: without length and type."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What a sign answers until `valid_until`, a POSIX time; `is_withdrawn` once it was over."""

    json: Answer
    text: Answer
    valid_until: float
    modified_at: datetime
    is_withdrawn: bool


class Screens:
    """The screens of all signs, and the streams of those who watch them."""

    def __init__(self, board: Board, broadcaster: Broadcaster) -> None:
        self._board = board
        self._broadcaster = broadcaster
        # Of a sign that nobody has asked for since it changed there is none yet.
        self._screens: dict[str, Screen | None] = {}
        self._withdrawn: set[str] = set()

    def render(self, entities: Iterable[Entity]) -> None:
        """Tell who watches signs that are shown anew; forget those that are gone.

        A sign that is not watched is rendered when it is asked for: many change more often.
        """
        for entity in entities:
            if entity.kind != "sign":
                continue
            report = self._board.signs.get(SignId(entity.id))
            self._withdrawn.discard(entity.id)
            if report is None:
                self._screens.pop(entity.id, None)
                continue
            self._screens[entity.id] = None
            if self._broadcaster.is_watched(entity.id):
                screen = self._shown(entity.id)
                self._broadcaster.publish(
                    entity.id, _event(self._event_id(entity.id, screen), screen)
                )

    def get(self, sign_id: str, now: float) -> Screen | None:
        """Return what a sign answers at a POSIX time: never a number whose validity is over."""
        if sign_id not in self._screens:
            return None
        screen = self._screens[sign_id] or self._shown(sign_id)
        return screen if now < screen.valid_until else self._withdraw(sign_id, now)

    def _shown(self, sign_id: str) -> Screen:
        """Render what is shown of a sign and keep it."""
        report = self._board.signs[SignId(sign_id)]
        sequence = self._board.mark(Entity("sign", sign_id)).version
        screen = _render(report, sequence, self._board.signatures, is_withdrawn=False)
        self._screens[sign_id] = screen
        return screen

    def withdraw_expired(self, now: datetime) -> int:
        """Tell watchers of signs that nobody renewed in time; returns how many those are."""
        moment = now.timestamp()
        for sign_id in self._screens:
            over = self._board.signs[SignId(sign_id)].valid_until <= now
            if over and sign_id not in self._withdrawn:
                self._withdrawn.add(sign_id)
                screen = self._withdraw(sign_id, moment)
                self._broadcaster.publish(sign_id, _event(self._event_id(sign_id, screen), screen))
        return len(self._withdrawn)

    def replay(self, sign_id: str, last_event_id: str | None, now: float) -> list[Event]:
        """Return the event that a watcher must see first, unless it has seen it."""
        screen = self.get(sign_id, now)
        if screen is None:
            return []
        event_id = self._event_id(sign_id, screen)
        return [] if event_id == last_event_id else [_event(event_id, screen)]

    def _event_id(self, sign_id: str, screen: Screen) -> str:
        sequence = self._board.mark(Entity("sign", sign_id)).version
        return f"{sequence}-withdrawn" if screen.is_withdrawn else f"{sequence}"

    def _withdraw(self, sign_id: str, now: float) -> Screen:
        """Render the neutral answer on the fly; not kept, since its times are those of now."""
        report = self._board.signs[SignId(sign_id)]
        sequence = self._board.mark(Entity("sign", sign_id)).version
        moment = datetime.fromtimestamp(int(now), tz=report.valid_until.tzinfo)
        over = withdrawn(report, moment)
        return _render(over, sequence, self._board.signatures, is_withdrawn=True)


def _event(event_id: str, screen: Screen) -> Event:
    return make_event(event_id, screen.json.body.decode(), name="sign")


def _render(
    report: SignReport, sequence: int, signatures: Signatures, *, is_withdrawn: bool
) -> Screen:
    # The time of computing tells a restored database's sequence from the lost one's.
    stamp = f"{sequence}-{int(report.computed_at.timestamp() * 1000):x}"
    # Rounded up: a second change within one second must not keep its date.
    modified_at = report.computed_at.replace(microsecond=0) + _SECOND
    until = report.valid_until.isoformat().replace("+00:00", "Z")
    common = [
        *_ALWAYS,
        (b"vary", b"accept"),
        (b"last-modified", format_datetime(modified_at, usegmt=True).encode()),
        (b"valid-until", until.encode()),
        (b"sequence", str(sequence).encode()),
    ]
    text = (report.text + "\n").encode()
    message = text_message(report.sign.sign_id, sequence, valid_until=until, text=report.text)
    signature = signatures.of(report.sign, message)
    signed = [*common, (b"signature", _header(signature))] if signature else common
    json = wire.body(report, sequence, signatures)
    return Screen(
        json=_answer(json, b"application/json", f'"{stamp}-j"'.encode(), common),
        text=_answer(text, b"text/plain; charset=utf-8", f'"{stamp}-t"'.encode(), signed),
        valid_until=report.valid_until.timestamp(),
        modified_at=modified_at,
        is_withdrawn=is_withdrawn,
    )


def _header(signature: Signature) -> bytes:
    return f"{signature.key_id} {signature.algorithm} {signature.value}".encode()


def _answer(body: bytes, media_type: bytes, etag: bytes, common: Headers) -> Answer:
    bare = [*common, (b"etag", etag)]
    length = str(len(body)).encode()
    headers = [*bare, (b"content-type", media_type), (b"content-length", length)]
    return Answer(body, etag, headers, bare)
