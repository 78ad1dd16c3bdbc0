# SPDX-License-Identifier: EUPL-1.2
"""Persons are told apart by pseudonyms that nobody can work out without the secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_aggregator.domain.four_eyes import Hand, refused
from kpi_aggregator.domain.pseudonyms import Pseudonyms, drawn_with
from kpi_aggregator.settings import Settings, pseudonyms_of

ANNA, BEN = "anna@stadt.example", "ben@stadt.example"
PLAIN, KEYED, OTHER = Pseudonyms(), Pseudonyms(b"k" * 32), Pseudonyms(b"o" * 32)


def hand(pseudonyms: Pseudonyms, subject: str) -> Hand:
    return Hand(pseudonyms.of(subject), "Leitung", pseudonyms.former(subject))


@given(st.text(min_size=1, max_size=80))
def test_pseudonyms_hang_on_the_secret_and_former_ones_are_drawn_anew(subject: str) -> None:
    now = KEYED.of(subject)
    assert now == KEYED.renewed(PLAIN.of(subject)) == KEYED.renewed(now)
    assert now not in {PLAIN.of(subject), OTHER.of(subject), OTHER.renewed(PLAIN.of(subject))}
    assert drawn_with(now) != drawn_with(OTHER.of(subject))
    assert (drawn_with(PLAIN.of(subject)), PLAIN.renewed(now)) == (None, now)


def test_a_subject_that_was_kept_once_and_a_key_are_told_from_each_other() -> None:
    assert KEYED.renewed(f"oidc:{ANNA}") == KEYED.of(ANNA)
    assert KEYED.renewed("api_key:7") == "api_key:7"
    assert ANNA not in KEYED.of(ANNA)


def test_who_entered_under_another_secret_is_told_apart_from_nobody() -> None:
    for before in (PLAIN, KEYED):
        assert refused(hand(before, ANNA), hand(KEYED, ANNA)) is not None
        assert refused(hand(before, ANNA), hand(KEYED, BEN)) is None
    for subject in (ANNA, BEN):
        told = refused(hand(OTHER, ANNA), hand(KEYED, subject))
        assert told is not None
        assert "enter it anew" in told
        assert refused(hand(KEYED, ANNA), hand(PLAIN, subject)) is not None
    assert refused(hand(OTHER, ANNA), Hand("api_key:1", "Freigabe")) is None


def test_a_secret_is_long_enough_not_to_be_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STADTTAKT_KPI_PSEUDONYM_SECRET", "kurz")
    with pytest.raises(ValueError, match="at least 32"):
        Settings()
    monkeypatch.setenv("STADTTAKT_KPI_PSEUDONYM_SECRET", "s" * 64)
    assert pseudonyms_of(Settings()).key == b"s" * 64
    assert "s" * 64 not in repr(Settings())
