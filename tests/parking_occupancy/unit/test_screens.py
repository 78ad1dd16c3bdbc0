# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import datetime, timedelta

import orjson

from parking_occupancy.board import Board
from parking_occupancy.domain.change import Change
from parking_occupancy.domain.sign import show
from parking_occupancy.screens import Screens
from stadttakt_runtime.http.sse import Broadcaster

from .building import T0, at, counted, make_sign


def showing(board: Board, screens: Screens, states: str, now: datetime) -> str:
    """Show a sign of a lot of such bays."""
    sign = make_sign(min_dwell_s=0)
    report = show(sign, counted(states, now), [], prior=board.signs.get(sign.sign_id), now=now)
    change = Change(signs={sign.sign_id: report})
    screens.render(board.adopt(change, board.stamp(change)))
    return sign.sign_id


def test_sign_answers_what_was_shown_last_whenever_it_is_asked() -> None:
    board = Board()
    screens = Screens(board, Broadcaster("screens-last"))
    for seconds, states in enumerate(("fffo", "ffoo", "fooo")):
        sign_id = showing(board, screens, states, at(seconds))
        if seconds != 1:
            screen = screens.get(sign_id, at(seconds).timestamp())
            assert screen is not None
            assert orjson.loads(screen.json.body)["free"] == states.count("f")
            assert screens.get(sign_id, at(seconds).timestamp()) is screen


def test_sign_that_nobody_asked_for_in_time_answers_no_number() -> None:
    board = Board()
    screens = Screens(board, Broadcaster("screens-over"))
    sign_id = showing(board, screens, "ffff", T0)
    over = board.signs[make_sign().sign_id].valid_until
    assert screens.withdraw_expired(over - timedelta(seconds=1)) == 0
    assert screens.withdraw_expired(over) == 1
    screen = screens.get(sign_id, over.timestamp())
    assert screen is not None
    assert screen.is_withdrawn
    assert orjson.loads(screen.json.body)["free"] is None
