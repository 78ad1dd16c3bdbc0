# SPDX-License-Identifier: EUPL-1.2
"""Who may decide on a value that somebody entered."""

from __future__ import annotations

from typing import NamedTuple

KEY = "api_key:"
"""A key is held by an office or a program; a token's subject is a person."""


class Hand(NamedTuple):
    """Who acts, as the service knows them, and in which function, as they say."""

    principal: str
    role: str
    former: str = ""
    """As what the service knew them before it kept pseudonyms."""


def refused(author: Hand, approver: Hand) -> str | None:
    """Return why somebody may not decide on a value; none where they may.

    Two persons are four eyes whatever their function. Two keys may be in one hand, so where a key
    is among them the functions must differ as well.
    """
    if author.principal in {approver.principal, approver.former}:
        return "somebody else than who entered a value decides on it"
    with_key = author.principal.startswith(KEY) or approver.principal.startswith(KEY)
    if with_key and _plain(author.role) == _plain(approver.role):
        return "author and approver act in the same role; keys do not tell persons apart"
    return None


def _plain(role: str) -> str:
    """Return a role without what does not tell it from another."""
    return "".join(letter for letter in role.casefold() if letter.isalnum())
