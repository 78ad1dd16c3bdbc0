# SPDX-License-Identifier: EUPL-1.2
"""Right inputs in which one value is another: what chance seldom meets, and people and programs do send."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from lxml import etree

MARK = "the value that is replaced"
LEAST_ROWS, LEAST_COLUMNS = 2, 2
LEAVES = (
    *("1e999", "-1e999", "1e-400", "-1", "0.5", "99999999999999999999999999999999999999", "-0"),
    *(
        "null",
        "true",
        "[]",
        "[null]",
        "{}",
        '""',
        '"\\u0000"',
        '"\\ud800"',
        '"0001-01-01T00:00:00+23:59"',
    ),
)
"""What is put in place of each single value of a right JSON message."""
DEEP = tuple("[" * levels + "]" * levels for levels in (300, 1100))
"""Nested so that orjson reads it and does not write it, and so that nobody reads it."""
CELLS = (
    *(
        "",
        " ",
        "-1",
        "0,5",
        "0.5",
        "1e999",
        "NaN",
        "Infinity",
        "9" * 40,
        "0x10",
        "\u0661",
        "true",
        "null",
        "=1+1",
        "\x00",
        "\ufeff",
    ),
    *(
        "0001-01-01",
        "9999-12-31",
        "2026-02-30",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "24:00",
        "2026-W53",
    ),
    *("T" * 5000, "a\nb", '"', ";", "\u202e"),
)
"""What is put in place of each cell of a table, and of each text and attribute of an XML document."""


def variants(seed: bytes) -> Iterator[bytes]:
    """Yield a right input once for each of its values and what is put in its place; nothing where it is no JSON, table or XML.

    The first byte of some seeds chooses among several of a kind; the head of an HTTP answer stays.
    """
    chosen, body = (seed[:1], seed[1:]) if seed[:1] < b" " else (b"", seed)
    head, mark, rest = seed.partition(b"\n\n")
    if mark and head[:3].isdigit():
        chosen, body = head + mark, rest
    for way in (with_each_leaf_replaced, with_each_cell_replaced, with_each_text_replaced):
        for data in way(body):
            yield chosen + data


def with_each_leaf_replaced(seed: bytes) -> Iterator[bytes]:
    """Yield the message once for each of its values and each of `LEAVES` and `DEEP`; nothing where it is no JSON."""
    try:
        message = json.loads(seed)
    except ValueError:
        return
    for place in places(message):
        changed = json.loads(seed)
        inner = changed
        for step in place[:-1]:
            inner = inner[step]
        inner[place[-1]] = MARK
        text = json.dumps(changed)
        for leaf in (*LEAVES, *DEEP):
            yield text.replace(json.dumps(MARK), leaf).encode()


def with_each_cell_replaced(seed: bytes) -> Iterator[bytes]:
    """Yield the table once for each of its cells, heads as well, and each of `CELLS`; nothing where it is none."""
    try:
        text = seed.decode("utf-8-sig")
    except UnicodeDecodeError:
        return
    delimiter = ";" if text.partition("\n")[0].count(";") else ","
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    if len(rows) < LEAST_ROWS or len(rows[0]) < LEAST_COLUMNS or text.lstrip()[:1] in "{[<":
        return
    for number, row in enumerate(rows):
        for column in range(len(row)):
            for cell in CELLS:
                changed = [
                    *rows[:number],
                    [*row[:column], cell, *row[column + 1 :]],
                    *rows[number + 1 :],
                ]
                out = io.StringIO(newline="")
                csv.writer(out, delimiter=delimiter).writerows(changed)
                yield out.getvalue().encode("utf-8", "surrogatepass")


def with_each_text_replaced(seed: bytes) -> Iterator[bytes]:
    """Yield the XML document once for each of its texts and attributes and each of `CELLS` that XML can hold."""
    try:
        count = sum(1 + len(each.attrib) for each in etree.fromstring(seed).iter(etree.Element))
    except etree.XMLSyntaxError:
        return
    for wanted in range(count):
        for cell in CELLS:
            root = etree.fromstring(seed)
            slots = [
                (each, name) for each in root.iter(etree.Element) for name in (None, *each.attrib)
            ]
            element, name = slots[wanted]
            try:
                if name is None:
                    element.text = cell
                else:
                    element.set(name, cell)
            except ValueError:
                continue
            yield etree.tostring(root)


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to each value of a JSON document, whole lists and objects as well."""
    if at:
        yield at
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for step, each in inner:
        yield from places(each, (*at, step))
