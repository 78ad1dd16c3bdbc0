# SPDX-License-Identifier: EUPL-1.2
"""The same frame has the same id at every delivery, and no two frames share one."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from uplink_decoder.domain.events import event_id
from uplink_decoder.domain.uplink import fingerprint, uplink_id

words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
keys = st.tuples(words, words, words)


@given(keys, keys)
def test_id_is_the_same_exactly_for_the_same_frame(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    assert (uplink_id(*one) == uplink_id(*other)) == (one == other)


def test_id_does_not_change_between_versions_of_the_software() -> None:
    # Stored rows and published events carry it: a change would double everything in flight.
    known = uplink_id("cs", "a840415711866a85", "0bf37eb1-2d13-4cbb-b0a0-65ec82e75ea0")
    assert known == uuid.UUID("b29ca221-0a68-150b-2dc0-d5f732b552b3")
    assert event_id(known, 0) == "b29ca221-0a68-150b-2dc0-d5f732b552b3:0"


@given(st.lists(st.binary(max_size=8), max_size=4), st.lists(st.binary(max_size=8), max_size=4))
def test_fingerprint_knows_where_one_part_ends(one: list[bytes], other: list[bytes]) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (one == other)
