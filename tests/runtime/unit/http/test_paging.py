# SPDX-License-Identifier: EUPL-1.2
import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from stadttakt_runtime.http.paging import Page, decode_cursor, encode_cursor
from stadttakt_runtime.http.problem import ValidationFailed


class After(BaseModel):
    model_config = ConfigDict(extra="forbid")

    lot_id: str
    sequence: int


class Other(BaseModel):
    model_config = ConfigDict(extra="forbid")

    page: int


@given(st.text(), st.integers())
def test_cursor_comes_back_as_it_went(lot_id: str, sequence: int) -> None:
    position = After(lot_id=lot_id, sequence=sequence)
    assert decode_cursor(encode_cursor(position), After) == position


def test_no_cursor_is_the_beginning() -> None:
    assert decode_cursor(None, After) is None


@given(st.data())
def test_altered_cursor_is_a_422_problem(data: st.DataObject) -> None:
    cursor = encode_cursor(After(lot_id="markt", sequence=17))
    place = data.draw(st.integers(0, len(cursor) - 2))
    letter = data.draw(st.sampled_from("ABab01-_").filter(lambda one: one != cursor[place]))
    with pytest.raises(ValidationFailed) as caught:
        decode_cursor(cursor[:place] + letter + cursor[place + 1 :], After)
    assert caught.value.document()["errors"][0]["code"] == "invalid_cursor"


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "ü", "====", "eyJsb3RfaWQiOiJhIn0", base64.b64encode(b"\0" * 40).decode()],
)
def test_what_is_no_cursor_is_a_422_problem(cursor: str) -> None:
    with pytest.raises(ValidationFailed):
        decode_cursor(cursor, After)


def test_cursor_of_another_list_is_a_422_problem() -> None:
    with pytest.raises(ValidationFailed):
        decode_cursor(encode_cursor(Other(page=2)), After)


def test_last_page_says_so() -> None:
    assert Page[int](items=[1]).model_dump_json() == '{"items":[1],"next_cursor":null}'
