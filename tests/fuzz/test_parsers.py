# SPDX-License-Identifier: EUPL-1.2
"""No bytes break a parser: they are read or refused, and what is read can be stored. `make fuzz` is the long form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.parsers import uplinks
from fuzz.parsers.__main__ import SERVICES
from fuzz.parsers.catalogue import all_parsers, by_name, vectors_of
from fuzz.parsers.counting import Counts
from fuzz.parsers.reporting import parsers_in, report
from fuzz.parsers.target import Parser, UnstorableError, check
from fuzz.replacing import variants
from uplink_decoder.dialects import chirpstack, tts

PARSERS = all_parsers()
PAGE = Path(__file__).parents[2] / "docs/benchmarks/fuzz.md"
MILLION_DUE = {
    *("batch-observations", "batch-vehicles"),
    *("provider-configuration", "provider-keys", "provider-login"),
}
"""New on 2026-11-29, and fed 50,000 inputs each so far: the machine was measured on."""
VECTORS = [(name, path) for name in PARSERS for path in vectors_of(name)]
TOKENS = (
    b"\x00",
    b"\xff",
    b"\\ud800",
    b"\\u0000",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"NaN",
    b"null",
    b"[]",
    b'"',
    b",",
    b"\n",
    b"0001-01-01T00:00:00+23:59",
    b"9999-12-31T23:59:59-23:59",
)
"""What parsers of JSON, CSV and times stumble over."""


@st.composite
def damaged(draw: st.DrawFn, seed: bytes) -> bytes:
    """Draw a right input in which some spans are cut, doubled, or something else."""
    data = seed
    for _ in range(draw(st.integers(0, 4))):
        begin, end = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
        part = draw(st.sampled_from((*TOKENS, b"", data[begin:end] * 2)) | st.binary(max_size=8))
        data = data[:begin] + part + data[end if draw(st.booleans()) else begin :]
    return data


def inputs(parser: Parser) -> st.SearchStrategy[bytes]:
    return st.binary(max_size=64) | st.one_of(*(damaged(seed) for seed in parser.seeds))


@pytest.mark.parametrize("name", PARSERS)
def test_right_input_is_let_through(name: str) -> None:
    parser = PARSERS[name]
    assert [seed for seed in parser.seeds if parser.take(seed)] != []


@pytest.mark.parametrize(
    ("name", "topics", "known"),
    [
        ("chirpstack", uplinks.CHIRPSTACK_EVENTS, chirpstack.EVENTS),
        ("tts", uplinks.TTS_EVENTS, tts.EVENTS),
    ],
)
def test_every_kind_of_a_servers_messages_is_let_through(
    name: str, topics: Sequence[str], known: Mapping[str, object]
) -> None:
    parser = PARSERS[name]
    taken = {topics[seed[0]]: parser.take(seed) for seed in parser.seeds}
    assert taken == dict.fromkeys(("up", *known), True)


def test_two_parsers_of_one_name_are_refused() -> None:
    parser = Parser("twin", bytes, (), (b"",))
    with pytest.raises(ValueError, match="twin"):
        by_name([parser, parser])


def test_parser_that_returns_nothing_hides_what_it_lets_through() -> None:
    with pytest.raises(TypeError, match="nothing"):
        Parser("quiet", lambda _: None, (), ()).take(b"")


@pytest.mark.parametrize("name", PARSERS)
def test_damaged_input_is_read_or_refused(name: str) -> None:
    parser = PARSERS[name]

    @settings(max_examples=25, database=None, derandomize=True)
    @given(inputs(parser))
    def take(data: bytes) -> None:
        parser.take(data)

    take()


@pytest.mark.parametrize("name", PARSERS)
def test_each_value_of_a_message_may_be_anything(name: str) -> None:
    parser = PARSERS[name]
    for seed in parser.seeds:
        for data in variants(seed):
            try:
                parser.take(data)
            except BaseException as error:
                error.add_note(data.decode("utf-8", "replace"))
                raise


@pytest.mark.parametrize(("name", "file"), VECTORS, ids=lambda each: getattr(each, "name", each))
def test_what_broke_a_parser_once_is_read_or_refused(name: str, file: Path) -> None:
    PARSERS[name].take(file.read_bytes())


def test_every_vector_is_of_a_parser_that_there_is() -> None:
    folders = {path.name for path in (Path(__file__).parent / "vectors").glob("*")}
    assert folders <= set(PARSERS)
    assert all(name < following for name, following in pairwise(sorted(folders)))


@pytest.mark.parametrize(
    "wrong",
    [
        "a\x00",
        "\ud800",
        2**63,
        float("nan"),
        datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None),
        {"a": [("b", "\x00")]},
    ],
    ids=repr,
)
def test_what_cannot_be_stored_is_a_finding(wrong: Any) -> None:
    with pytest.raises(UnstorableError):
        check(wrong)


def test_what_can_be_stored_is_none() -> None:
    check({"a": [1, -1, 1.5, None, True, "ü", datetime(2026, 1, 1, tzinfo=UTC), b"\x00"]})


def test_what_was_fed_is_told_with_its_finding() -> None:
    row = ["json", "2026-11-28", "`1a`", "7", "1,000", "5.0 %", "20", "3", "ValueError: a|b"]
    text = report([row])
    told = "| json | 2026-11-28 | `1a` | 7 | 1,000 | 5.0 % | 20 | 3 | ValueError: a/b |"
    assert text.splitlines()[2:] == [told]


def test_newest_line_of_a_parser_takes_the_place_of_its_older_one_and_others_stay() -> None:
    def row(name: str, seed: str) -> list[str]:
        return [name, *["x"] * 2, seed, *["x"] * 5]

    before = report([row("xml", "1"), row("json", "1")])
    after = report([row("json", "2"), row("csv", "2")], before)
    assert [line.split(" | ")[3] for line in after.splitlines()[2:]] == ["2", "2", "1"]
    assert parsers_in(after) == {"csv", "json", "xml"}


def test_page_tells_of_every_parser_and_service_and_of_no_other() -> None:
    assert parsers_in(PAGE.read_text(encoding="utf-8")) == {*PARSERS, *SERVICES}


def test_page_has_a_million_inputs_of_every_parser() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    fed = {name for line in lines if "| 1,000,000 |" in line for name in parsers_in(line)}
    assert PARSERS.keys() - fed == MILLION_DUE


def test_what_is_let_through_is_counted_beyond_the_process_that_ends(tmp_path: Path) -> None:
    counts = Counts.begin(tmp_path / "counts")
    for let_through in (True, False, False, False):
        counts.note(let_through)
    assert Counts.read(tmp_path / "counts").share == "25.0 %"
    assert Counts.begin(tmp_path / "counts").share == "-"
