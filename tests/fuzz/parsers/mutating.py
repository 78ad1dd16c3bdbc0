# SPDX-License-Identifier: EUPL-1.2
"""Changes to documents that leave them documents: by chance alone hardly an input gets beyond the reader of JSON, XML or tables."""

from __future__ import annotations

import csv
import io
import json
import re
import string
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import deepcopy
from random import Random
from typing import Any

from lxml import etree

from fuzz.parsers.several_files import SEPARATOR
from fuzz.replacing import CELLS, LEAST_COLUMNS, LEAST_ROWS, LEAVES, MARK, places

ByChance = Callable[[bytes, int], bytes]
"""Changes bytes by chance, to at most so many."""

ANSWERED = b"\n\n"
SENT, BOUNDARY = b"POST\nmultipart/form-data", b"--x\r\n"
"""How an input begins that is a form in parts, and what is between them."""
CHARSETS = (b"undefined", b"unicode_escape", b"utf-7", b"idna", b"latin-1", b"utf-8", b"no-such")
_ENTRY = re.compile(r"(\s*(?:- )?\{?[\w-]+: +)(\S.*)")
"""A line of YAML: the name of a member, and its value."""
_SAFE = etree.XMLParser(resolve_entities=False, no_network=True)
STRUCTURED = 0.5
_ALIKE = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
SOME_CHANGES = (1, 1, 1, 2, 3)
"""Mostly one thing at a time is another."""


def mutate(
    data: bytes, longest: int, rng: Random, by_chance: ByChance, right: Sequence[bytes]
) -> bytes:
    """Return another input made of one; every other time a JSON document, table or XML document with other values.

    Where the one is none, it is made of an input that is `right`, if such are documents. The first byte of some
    inputs chooses among several of a kind and stays.
    """
    if rng.random() < STRUCTURED:
        for each in (data, rng.choice(right)):
            changed = _document(each, rng, by_chance)
            if changed is not None and len(changed) <= longest:
                return changed
    return by_chance(data, longest)


def _document(data: bytes, rng: Random, by_chance: ByChance) -> bytes | None:
    if data.startswith(SEPARATOR):
        return _one_of_several(data, rng, by_chance)
    chosen, body = (data[:1], data[1:]) if data[:1] < b" " else (b"", data)
    head, mark, rest = body.partition(ANSWERED)
    if mark and head[:3].isdigit():
        return _line_of_answer(head + mark, rest, rng, by_chance)
    if head.startswith(SENT):
        return _sent_form(head + mark, rest, rng, by_chance)
    for way in (_json, _table, _xml, _yaml):
        changed: bytes | None = body
        for _ in range(rng.choice(SOME_CHANGES)):
            changed = None if changed is None else way(changed, rng, by_chance)
        if changed is not None:
            return chosen + changed
    return None


def _one_of_several(body: bytes, rng: Random, by_chance: ByChance) -> bytes | None:
    """Change one of several files (`several_files`), if that is a document, and not its name."""
    first, *parts = body.split(SEPARATOR)
    number = rng.randrange(len(parts))
    name, line, content = parts[number].partition(b"\n")
    changed = _document(content, rng, by_chance)
    if changed is None:
        return None
    parts[number] = name + line + changed
    return SEPARATOR.join([first, *parts])


def _line_of_answer(head: bytes, body: bytes, rng: Random, by_chance: ByChance) -> bytes | None:
    """Change one line of an HTTP answer's body below its status and headers."""
    lines = body.split(b"\n")
    number = rng.randrange(len(lines))
    changed = _json(lines[number], rng, by_chance)
    if changed is None:
        return None
    lines[number] = changed
    return head + b"\n".join(lines)


def _sent_form(head: bytes, body: bytes, rng: Random, by_chance: ByChance) -> bytes:
    """Change one part of a form, its name and other headers as well, or in which characters it is written."""
    first, *parts = body.split(BOUNDARY)
    if not parts or rng.random() < 0.1:
        return head.strip(b"\n") + b"; charset=" + rng.choice(CHARSETS) + ANSWERED + body
    number, change = rng.randrange(len(parts)), rng.randrange(5)
    names, mark, value = parts[number].partition(b"\r\n\r\n")
    text = value.decode("utf-8", "replace").removesuffix("\r\n")
    if change == 0:
        parts.insert(rng.randrange(len(parts)), parts[number])
    elif change == 1:
        del parts[number]
    elif change == 2:
        parts[number] = by_chance(names, len(names) + 8) + mark + value
    else:
        new = rng.choice(CELLS) if change == 3 else _other_text(text, rng, by_chance)
        parts[number] = names + mark + new.encode("utf-8", "surrogatepass") + b"\r\n"
    return head + BOUNDARY.join([first, *parts])


def _json(body: bytes, rng: Random, by_chance: ByChance) -> bytes | None:
    try:
        document = json.loads(body)
        found = list(places(document))
    except (ValueError, RecursionError):
        return None
    if not found:
        return None
    *way, last = rng.choice(found)
    inner = document
    for step in way:
        inner = inner[step]
    change = rng.randrange(5)
    if change == 0:
        del inner[last]
        return _dumped(document)
    if change == 1:
        other = document
        for step in rng.choice(found):
            other = other[step]
        # A copy: what is put into itself would have no end.
        inner[last] = json.loads(json.dumps(other))
        return _dumped(document)
    if change == 2:
        inner[last] = MARK
        return _dumped(document).replace(_dumped(MARK), rng.choice(LEAVES).encode())
    inner[last] = _another(inner[last], rng, by_chance)
    return _dumped(document)


def _another(value: Any, rng: Random, by_chance: ByChance) -> Any:
    """Return another value of the same type."""
    match value:
        case bool():
            return not value
        case int() | float():
            return rng.choice((-value, value + 1, value - 1, value * 10, value / 10, 10**9 + value))
        case str():
            return _other_text(value, rng, by_chance)
        case list():
            return [*value, *value[:1]] if rng.random() < STRUCTURED else value[:-1]
        case dict():
            return {
                f"{name}x" if rng.random() < 0.2 else name: each for name, each in value.items()
            }
    return rng.choice((0, "", [], {}, False))


def _other_text(text: str, rng: Random, by_chance: ByChance) -> str:
    """Return another text; every other time one of the same form, so that times, ids and numbers stay such."""
    if not text or rng.random() >= STRUCTURED:
        changed = by_chance(text.encode("utf-8", "surrogatepass"), len(text) + 8)
        return changed.decode("utf-8", "replace")
    at = rng.randrange(len(text))
    alike = next((each for each in _ALIKE if text[at] in each), text[at])
    return text[:at] + rng.choice(alike) + text[at + 1 :]


def _dumped(document: Any) -> bytes:
    return json.dumps(document).encode()


def _table(body: bytes, rng: Random, by_chance: ByChance) -> bytes | None:
    try:
        text = body.decode("utf-8-sig")
        delimiter = ";" if text.partition("\n")[0].count(";") else ","
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except (UnicodeDecodeError, csv.Error):
        return None
    if len(rows) < LEAST_ROWS or len(rows[0]) < LEAST_COLUMNS or text.lstrip()[:1] in "{[<":
        return None
    row = rng.choice(rows)
    if not row:
        return None
    column, change = rng.randrange(len(row)), rng.randrange(6)
    if change == 0:
        rows.insert(rng.randrange(len(rows)), [*row])
    elif change == 1:
        rows.remove(row)
    elif change == 2:
        row[column] = rng.choice(rng.choice(rows) or [""])
    elif change == 3:
        row[column] = rng.choice(CELLS)
    else:
        row[column] = _other_text(row[column], rng, by_chance)
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue().encode("utf-8", "surrogatepass")


def _yaml(body: bytes, rng: Random, by_chance: ByChance) -> bytes | None:
    """By its lines, so that anchors, aliases and styles stay."""
    try:
        lines = body.decode().splitlines(keepends=True)
    except UnicodeDecodeError:
        return None
    entries = [
        (number, found) for number, line in enumerate(lines) if (found := _ENTRY.match(line))
    ]
    if len(entries) < LEAST_ROWS:
        return None
    number, found = rng.choice(entries)
    change = rng.randrange(5)
    if change == 0:
        del lines[number]
    elif change == 1:
        lines.insert(rng.randrange(len(lines)), lines[number])
    else:
        _, other = rng.choice(entries)
        new = (other[2], rng.choice(LEAVES))[change - 2] if change < 4 else None
        value = _other_text(found[2], rng, by_chance) if new is None else new
        lines[number] = f"{found[1]}{value}\n"
    return "".join(lines).encode("utf-8", "surrogatepass")


def _xml(body: bytes, rng: Random, by_chance: ByChance) -> bytes | None:
    try:
        root = etree.fromstring(body, _SAFE)
    except (etree.XMLSyntaxError, ValueError):
        return None
    elements = list(root.iter(etree.Element))
    element = rng.choice(elements)
    parent, change = element.getparent(), rng.randrange(5)
    if change == 0 and parent is not None:
        parent.remove(element)
    elif change == 1 and parent is not None:
        parent.append(deepcopy(element))
    else:
        name = rng.choice((None, *element.attrib))
        text = element.text if name is None else element.get(name)
        new = rng.choice(CELLS) if change == 2 else _text(text or "", rng, by_chance)
        # Not all that is drawn can stand in XML.
        with suppress(ValueError):
            if name is None:
                element.text = new
            else:
                element.set(name, new)
    return etree.tostring(root)


def _text(text: str, rng: Random, by_chance: ByChance) -> str:
    with suppress(ValueError):
        return str(_another(int(text), rng, by_chance))
    return _other_text(text, rng, by_chance)
