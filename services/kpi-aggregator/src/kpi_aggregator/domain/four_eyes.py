# SPDX-License-Identifier: EUPL-1.2
"""Who may decide on a value that somebody entered."""

from __future__ import annotations

from typing import NamedTuple

from kpi_aggregator.domain.pseudonyms import drawn_with

KEY = "api_key:"
"""A key is held by an office or a program; a token's subject is a person."""


class Hand(NamedTuple):
    """Who acts, as the service knows them, and in which function, as they say."""

    principal: str
    role: str
    former: frozenset[str] = frozenset()
    """As whom the service kept them before, by other pseudonyms or none."""


def refused(author: Hand, approver: Hand) -> str | None:
    """Return why somebody may not decide on a value; none where they may.

    Two persons are four eyes whatever their function. Two keys may be in one hand, so where a key
    is among them the functions must differ as well.
    """
    if is_own(author.principal, approver):
        return "somebody else than who entered a value decides on it"
    drawn = drawn_with(author.principal)
    if drawn is not None and not _is_key(approver) and drawn != drawn_with(approver.principal):
        return "the secret of pseudonyms is another one now: reject the value and enter it anew"
    if (_is_key(author) or _is_key(approver)) and _plain(author.role) == _plain(approver.role):
        return "author and approver act in the same role; keys do not tell persons apart"
    return None


def is_own(author: str, hand: Hand) -> bool:
    """Tell whether somebody entered a value, as they are kept now or were before."""
    return author in {hand.principal, *hand.former}


def _is_key(hand: Hand) -> bool:
    return hand.principal.startswith(KEY)


def _plain(role: str) -> str:
    """Return a role without what does not tell it from another."""
    return "".join(letter for letter in role.casefold() if letter.isalnum())
