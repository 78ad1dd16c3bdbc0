# SPDX-License-Identifier: EUPL-1.2
"""Options of SensorThings requests: what is read, and that all else is refused with its place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from open_data_publisher.sensorthings.errors import OptionError
from open_data_publisher.sensorthings.expression import DEEPEST, MOST_NODES, parse_filter
from open_data_publisher.sensorthings.model import TYPES
from open_data_publisher.sensorthings.options import MOST, Options, parse_options
from open_data_publisher.sensorthings.syntax import (
    OPERATORS,
    Call,
    Compare,
    Expression,
    Junction,
    Not,
    Operand,
    Path,
    Value,
)


def options(entity_type: str, **given_options: str) -> Options:
    pairs = [(f"${name}", value) for name, value in given_options.items()]
    return parse_options(pairs, TYPES[entity_type])


def fault(entity_type: str = "Things", **given_options: str) -> tuple[str, int]:
    with pytest.raises(OptionError) as found:
        options(entity_type, **given_options)
    return found.value.option, found.value.position


NAMES = st.sampled_from(["name", "id", "properties", "Thing", "phenomenonTime", "result"])
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8)
LITERALS = st.one_of(
    TEXTS,
    st.integers(-(10**15), 10**15),
    st.booleans(),
    st.none(),
    st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
OPERANDS = st.one_of(
    st.builds(Value, LITERALS, st.just(0)),
    st.builds(Path, st.lists(NAMES, min_size=1, max_size=3).map(tuple), st.just(0)),
)
COMPARISONS = st.builds(Compare, st.sampled_from(OPERATORS), OPERANDS, OPERANDS, st.just(0))
CALLS = st.builds(
    Call, st.sampled_from(["startswith", "contains"]), st.tuples(OPERANDS, OPERANDS), st.just(0)
)


def _joined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    items = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Junction, st.sampled_from(["and", "or"]), items), st.builds(Not, inner)
    )


EXPRESSIONS = st.recursive(st.one_of(COMPARISONS, CALLS), _joined, max_leaves=8)


def written(expression: Expression | Operand) -> str:
    if isinstance(expression, Junction):
        return f" {expression.word} ".join(f"({written(item)})" for item in expression.items)
    if isinstance(expression, Not):
        return f"not ({written(expression.item)})"
    if isinstance(expression, Call):
        return f"{expression.name}({', '.join(map(written, expression.arguments))})"
    if isinstance(expression, Compare):
        return f"{written(expression.left)} {expression.operator} {written(expression.right)}"
    if isinstance(expression, Path):
        return "/".join(expression.parts)
    return _literal(expression.value)


def _literal(value: Any) -> str:
    if isinstance(value, str):
        quoted = value.replace("'", "''")
        return f"'{quoted}'"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return "null" if value is None else str(value)


def _placeless(expression: Any) -> Any:
    if isinstance(expression, Junction):
        return Junction(expression.word, tuple(map(_placeless, expression.items)))
    if isinstance(expression, Not):
        return Not(_placeless(expression.item))
    if isinstance(expression, Call):
        return Call(expression.name, tuple(map(_placeless, expression.arguments)), 0)
    if isinstance(expression, Compare):
        left, right = _placeless(expression.left), _placeless(expression.right)
        return Compare(expression.operator, left, right, 0)
    if isinstance(expression, Path):
        return Path(expression.parts, 0)
    return Value(expression.value, 0)


@given(EXPRESSIONS)
def test_what_is_written_is_read_as_it_was_meant(expression: Expression) -> None:
    assert _placeless(parse_filter("$filter", written(expression))) == expression


@given(st.text(max_size=60))
@example("name eq 'it''s' and (")
@example("1e999 eq 1")
@example("2026-13-45T99:99Z eq phenomenonTime")
@example("st_within(location, geography'POLYGON((1 1)))')")
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    for name in ("$filter", "$orderby", "$top", "$skip", "$count", "$select", "$expand"):
        found = fault_of(name, text)
        assert found is None or (found.option == name and 0 <= found.position <= len(text))


def fault_of(name: str, text: str) -> OptionError | None:
    try:
        parse_options([(name, text)], TYPES["Datastreams"])
    except OptionError as error:
        return error
    return None


WORDS = st.sampled_from(
    ["name", "eq", "'a'", "(", ")", ",", ";", "=", "/", "$filter", "$top", "Datastreams", "Thing",
     "1", "and", "not", "desc", "contains", "$expand", "Observations", "result"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=25).map(" ".join))
def test_any_order_of_words_is_read_or_refused_with_its_place(text: str) -> None:
    test_any_text_is_read_or_refused_with_its_place.hypothesis.inner_test(text)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given_options", "place"),
    [
        ({"filter": "nam eq 'x'"}, 0),
        ({"filter": "name eq 'x' and nam eq 'y'"}, 16),
        ({"filter": "name = 'x'"}, 5),
        ({"filter": "name eq 'x"}, 8),
        ({"filter": "name eq '\x00'"}, 8),
        ({"filter": "name eq 3"}, 0),
        ({"filter": "name"}, 4),
        ({"filter": ""}, 0),
        ({"filter": "(name eq 'x'"}, 12),
        ({"filter": "name eq 'x' name"}, 12),
        ({"filter": "length(name) eq 3"}, 0),
        ({"filter": "name/x eq 3"}, 0),
        ({"filter": "st_within(name, geography'POLYGON((0 0, 1 0, 1 1, 0 0))')"}, 0),
        ({"filter": "st_within(Locations/location, geography'POINT(0 0)')"}, 30),
        ({"filter": "Datastreams/Thing/Datastreams/name eq 'x'"}, 0),
        ({"filter": "Datastreams/Observations/result gt 3"}, 0),
        ({"orderby": "name down"}, 5),
        ({"orderby": "Datastreams/name"}, 0),
        ({"top": "-1"}, 0),
        ({"top": "1.5"}, 0),
        ({"count": "yes"}, 0),
        ({"select": "name,nam"}, 5),
        ({"expand": "Observations"}, 0),
        ({"expand": "Datastreams($top=x)"}, 17),
        ({"expand": "Datastreams($filter=nam eq 1)"}, 20),
        ({"expand": "Datastreams/Thing/Datastreams/Thing"}, 30),
        ({"expand": "Datastreams($top=1"}, 18),
    ],
)
def test_a_fault_is_told_with_its_place(given_options: dict[str, str], place: int) -> None:
    (name,) = given_options
    assert fault(**given_options) == (f"${name}", place)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("properties/capacity add 3 gt 40", 20),
        ("properties/capacity gt 30 mul 2", 26),
        ("(properties/capacity div 2) lt 40", 21),
        ("name eq 'x' and properties/capacity mod 2 eq 0", 36),
    ],
)
def test_who_wants_something_computed_is_told_that_nothing_is(text: str, at: int) -> None:
    with pytest.raises(
        OptionError, match=r"do not compute, so there is no (add|mul|div|mod)"
    ) as told:
        parse_options([("$filter", text)], TYPES["Things"])
    assert told.value.position == at


def test_options_that_are_not_known_or_given_twice_are_refused() -> None:
    with pytest.raises(OptionError, match=r"\$format.*is not known"):
        parse_options([("$format", "json")], TYPES["Things"])
    with pytest.raises(OptionError, match="given twice"):
        parse_options([("$top", "1"), ("$top", "2")], TYPES["Things"])
    assert parse_options([("at", "2026-11-26T12:00:00Z")], TYPES["Things"]) == Options()


def test_what_is_nested_without_end_is_refused() -> None:
    assert fault(filter="(" * 500)[0] == "$filter"
    assert fault(filter="not " * (DEEPEST + 2) + "name eq 'x'")[0] == "$filter"
    assert fault(filter=" or ".join(["name eq 'x'"] * (MOST_NODES + 1)))[0] == "$filter"
    assert fault(filter="name eq '" + "x" * 5000 + "'") == ("$filter", 4000)


def test_a_page_is_never_larger_than_a_thousand() -> None:
    assert options("Things", top="5000000").top == MOST


# The requests of OGC 18-088, sections 9.2 and 9.3, with ids as they are here.
@pytest.mark.parametrize(
    ("entity_type", "given_options"),
    [
        ("Things", {"expand": "Datastreams"}),
        ("Things", {"expand": "Datastreams/ObservedProperty"}),
        ("Datastreams", {"expand": "Observations,ObservedProperty"}),
        ("Datastreams", {"expand": "Observations($filter=result eq 1)"}),
        ("Observations", {"select": "result,resultTime"}),
        ("Datastreams", {"select": "id,Observations", "expand": "Observations"}),
        ("Observations", {"orderby": "result"}),
        ("Observations", {"expand": "Datastream", "orderby": "Datastream/id desc,phenomenonTime"}),
        ("Things", {"top": "5"}),
        ("Observations", {"top": "5", "orderby": "phenomenonTime desc"}),
        ("Things", {"skip": "5"}),
        ("Observations", {"skip": "2", "orderby": "resultTime"}),
        ("Things", {"count": "true"}),
        ("Observations", {"filter": "result lt 10.00"}),
        ("Observations", {"filter": "Datastream/id eq '1'"}),
        ("Observations", {"filter": "phenomenonTime ge 2010-06-01T00:00:00Z and "
                                    "phenomenonTime le 2010-07-02T00:00:00Z"}),
        ("Locations", {"filter": "st_within(location, geography'POLYGON ((30 10, 10 20, 20 40, 40 40, 30 10))')"}),
        ("Things", {"filter": "properties/name eq 'x' or (startswith(description,'a') and not endswith(name,'b'))"}),
    ],
)  # fmt: skip
def test_requests_of_the_specification_are_understood(
    entity_type: str, given_options: dict[str, str]
) -> None:
    assert options(entity_type, **given_options) != Options()
