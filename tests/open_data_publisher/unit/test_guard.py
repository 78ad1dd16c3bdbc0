# SPDX-License-Identifier: EUPL-1.2
"""What no feed, page, entity or row tells, whatever the policy and the messages say."""

from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from open_data_publisher.datasets.rows import protected
from open_data_publisher.domain.disclosure import Disclosure
from open_data_publisher.domain.guard import guarded
from open_data_publisher.domain.known_sources import KIND_HOUR, SOURCES
from open_data_publisher.domain.policy import Policy, Protection, StatePolicy, Terms
from open_data_publisher.domain.sources import Source
from open_data_publisher.domain.states import MODELS, Entry, Said
from open_data_publisher.domain.truth import told_at
from open_data_publisher.feeds import datex2_light, parkapi
from open_data_publisher.feeds.catalogue import FEEDS
from open_data_publisher.portal.now import live_view
from open_data_publisher.sensorthings.catalogue import make_catalogue
from stadttakt_messages.states import PERSONAL_KINDS, BayState, KindCount, LotState
from support.open_data import NOON, PUBLICATION, SINCE, bay, lot, lots_dataset, truth

TERMS = Terms(lots_dataset().terms.licence, None)
EVERYTHING = Policy(
    {kind: StatePolicy(kind, frozenset(MODELS[kind].model_fields), TERMS) for kind in MODELS}
)
PARKING = [feed for feed in FEEDS if feed.subject in {"lot", "bay"}]
OF_A_PERSON: list[dict[str, Any]] = [
    *({"kind": kind} for kind in sorted(PERSONAL_KINDS)),
    {"groups": ["general", "resident"]},
    {"restrictions": [{"type": "resident", "hours": "Mo-Fr 18:00-08:00", "active": False}]},
    {"restrictions": [{"type": "women"}, {"type": "disabled_assigned"}]},
]
numbers = st.integers(0, 60)
of_few = st.none() | st.integers(0, 8)


@st.composite
def any_lot(draw: st.DrawFn) -> LotState:
    """Return a lot whose numbers need not agree with each other."""
    kinds = st.sampled_from(["general", "disabled", *sorted(PERSONAL_KINDS)])
    counts = st.builds(
        KindCount, capacity=numbers, free=numbers, occupied=numbers, unknown=numbers,
        out_of_service=numbers,
    )  # fmt: skip
    return lot(
        state=draw(st.sampled_from(["free", "almost_full", "full", "closed", "unknown"])),
        **{name: draw(st.none() | numbers) for name in ("free", "free_min", "free_max")},
        **{name: draw(numbers) for name in ("capacity", "occupied", "unknown", "out_of_service")},
        by_kind=draw(st.dictionaries(kinds, counts)),
        by_group=draw(st.dictionaries(kinds, counts)),
    )


@pytest.mark.parametrize("more", OF_A_PERSON, ids=str)
def test_a_bay_of_a_person_is_in_no_feed_page_or_entity(more: dict[str, Any]) -> None:
    known = truth(bays=[bay(), bay("of-a-person", **more)])
    outside = {feed.feed_id: feed.render(known, PUBLICATION) for feed in PARKING}
    outside["portal"] = orjson.dumps(live_view(known))
    entities = make_catalogue(known, EVERYTHING, (), None)
    outside["sensorthings"] = repr((entities.sets, entities.sources)).encode()
    assert b"markt-01" in outside["parkapi-v3-parking-spots"]
    for name, body in outside.items():
        assert b"of-a-person" not in body, name


@pytest.mark.parametrize("more", OF_A_PERSON, ids=str)
def test_a_bay_of_a_person_is_as_if_it_were_withdrawn_and_was_never_there(
    more: dict[str, Any],
) -> None:
    state = bay(**more)
    disclosure = Disclosure(EVERYTHING)
    assert disclosure.of_said([Said("bay", "b", state)]) == [Said("bay", "b", None)]
    entry = Entry(state, SINCE, SINCE, SINCE)
    assert disclosure.of_entries([("bay", "b", entry)]) == []
    assert disclosure.of_past({"bay": {"b": entry}}) == {"bay": {}}


@example(lot(capacity=1, free=None, free_min=1, free_max=0, by_kind={}))
@given(any_lot())
def test_no_number_is_told_that_the_places_of_a_lot_do_not_allow(state: LotState) -> None:
    told = told_at(state, NOON)
    assert isinstance(told, LotState)
    assert told == guarded(told)
    assert PERSONAL_KINDS.isdisjoint({*told.by_kind, *told.by_group})
    shown = live_view(truth(lots=[state]))["lots"][0]
    site = orjson.loads(parkapi.parking_sites(truth(lots=[state]), PUBLICATION))["items"][0]
    light = orjson.loads(datex2_light.light(truth(lots=[state]), PUBLICATION))
    (place,) = light["parkingPublicationLight"]["parkingSite"]
    free = shown["free"]
    assert [site.get("realtime_free_capacity"), place["availableSpaces"]] == [free, free]
    usable = max(0, state.capacity - state.out_of_service)
    bounds = [each for each in (shown["min"], free, shown["max"]) if each is not None]
    assert bounds == sorted(bounds)
    assert all(0 <= each <= usable for each in bounds)
    if state.state in {"closed", "unknown"}:
        assert bounds == []


def counting(source: Source) -> st.SearchStrategy[dict[str, Any]]:
    """Return rows of a source whose counts are often small."""
    others = {name: st.just(f"{name} told") for name in source.by_name}
    return st.fixed_dictionaries({**others, **dict.fromkeys(source.counts, of_few)})


@given(st.data(), st.sampled_from([each for each in SOURCES.values() if each.counts]))
def test_where_one_count_is_small_no_count_is_told_nor_what_it_is_reckoned_from(
    data: st.DataObject, source: Source
) -> None:
    least = data.draw(st.integers(2, 6))
    dataset = lots_dataset(source=source, protection=Protection(least))
    row = data.draw(counting(source))
    told = protected(dataset, row)
    are_enough = all(row[name] is not None and row[name] >= least for name in source.counts)
    if are_enough:
        assert told == row
    elif told is not None:
        hidden = {*source.counts, *source.sensitive}
        assert {told[name] for name in hidden} == {None}
        assert all(told[name] == row[name] for name in set(row) - hidden)


@pytest.mark.parametrize("kind", sorted(PERSONAL_KINDS))
def test_no_row_tells_of_places_of_persons_however_many_they_are(kind: str) -> None:
    dataset = lots_dataset(source=KIND_HOUR, protection=Protection(3))
    row = {**dict.fromkeys(KIND_HOUR.by_name), "kind": "general", "bays": 40}
    assert protected(dataset, row) == row
    assert protected(dataset, {**row, "kind": kind}) is None


def test_what_is_withheld_of_a_row_includes_all_of_its_counts() -> None:
    for source in SOURCES.values():
        assert not source.sensitive or set(source.counts) <= set(source.sensitive)


def test_bays_for_everybody_are_told_as_they_are() -> None:
    state = bay(groups=["general", "women"], restrictions=[{"type": "women", "hours": "Sa"}])
    assert isinstance(state, BayState)
    assert guarded(state) is state
