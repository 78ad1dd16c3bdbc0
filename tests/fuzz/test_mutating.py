# SPDX-License-Identifier: EUPL-1.2
"""Half of the changed inputs are documents again; which change is made depends on the seed alone."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from random import Random

import pytest
from lxml import etree

from fuzz.parsers import several_files
from fuzz.parsers.mutating import mutate

JSON = b'{"id": "a", "at": [1, 2.5, null, true], "inner": {"text": "b"}}'
TABLE = b"time,place,count\n2026-11-02,a,12\n2026-11-03,b,15\n"
XML = b"<a x='1'><b>12</b><c>text</c></a>"
YAML = b"id: &id acme\nname: Acme\ncodecs:\n  - file: one.js\n    of: *id\n"
FILES = several_files.joined({"a.txt": TABLE.decode(), "b.json": JSON.decode()})
ANSWER = b"200\nretry-after: 7\n\n" + JSON + b"\n" + JSON
MANY, LONGEST = 400, 4096


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


def _is_xml(data: bytes) -> bool:
    try:
        etree.fromstring(data)
    except etree.XMLSyntaxError:
        return False
    return True


def _is_table(data: bytes) -> bool:
    return data != b"chance" and list(csv.reader(io.StringIO(data.decode()))) != []


def _by_chance(_data: bytes, _longest: int) -> bytes:
    return b"chance"


def _changed(
    data: bytes, longest: int = LONGEST, right: Sequence[bytes] = (b"binary",)
) -> list[bytes]:
    return [mutate(data, longest, Random(seed), _by_chance, right) for seed in range(MANY)]


@pytest.mark.parametrize(
    ("data", "is_one"),
    [(JSON, _is_json), (TABLE, _is_table), (XML, _is_xml)],
    ids=["json", "table", "xml"],
)
def test_about_half_of_the_changed_documents_are_others_of_their_kind(
    data: bytes, is_one: Callable[[bytes], bool]
) -> None:
    changed = _changed(data)
    still = {each for each in changed if is_one(each)}
    assert len(still) > MANY / 10
    assert MANY * 0.35 < sum(map(is_one, changed)) < MANY * 0.65
    assert changed == _changed(data)


def test_yaml_stays_so_by_its_lines() -> None:
    changed = [each.decode() for each in _changed(YAML) if each != b"chance"]
    assert MANY * 0.35 < len(changed) < MANY * 0.65
    assert sum("&id acme" in each for each in changed) > len(changed) / 2
    assert len({*changed}) > MANY / 10


def test_one_of_several_files_is_changed_and_keeps_its_name() -> None:
    changed = [each for each in _changed(FILES) if each != b"chance"]
    assert MANY * 0.35 < len(changed) < MANY * 0.65
    parts = [each.split(several_files.SEPARATOR)[1:] for each in changed]
    assert {tuple(part.partition(b"\n")[0] for part in each) for each in parts} == {
        (b"a.txt", b"b.json")
    }
    assert all(
        first.partition(b"\n")[2] == TABLE or second.partition(b"\n")[2] == JSON
        for first, second in parts
    )


def test_one_line_of_an_answer_is_changed_below_its_status_and_headers() -> None:
    changed = [each for each in _changed(ANSWER) if each != b"chance"]
    assert MANY * 0.35 < len(changed) < MANY * 0.65
    assert {each.partition(b"\n\n")[0] for each in changed} == {b"200\nretry-after: 7"}
    assert all(JSON in each for each in changed)


def test_byte_that_chooses_stays_before_a_document() -> None:
    changed = [each for each in _changed(b"\x02" + JSON) if each != b"chance"]
    assert {each[:1] for each in changed} == {b"\x02"}
    assert any(_is_json(each[1:]) for each in changed)


@pytest.mark.parametrize("data", [b"", b"\x01\x75\x64", b"[" * 5000, b"{", b'"text"'])
def test_what_is_no_document_is_changed_by_chance(data: bytes) -> None:
    assert set(_changed(data)) == {b"chance"}


def test_document_that_would_be_too_long_is_changed_by_chance() -> None:
    assert set(_changed(JSON, 10)) == {b"chance"}


def test_what_is_no_document_any_more_gives_way_to_a_right_one_every_other_time() -> None:
    changed = _changed(b"{broken", right=[JSON])
    assert MANY * 0.35 < sum(map(_is_json, changed)) < MANY * 0.65
