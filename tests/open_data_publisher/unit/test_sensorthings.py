# SPDX-License-Identifier: EUPL-1.2
"""Reading in the manner of SensorThings: the parser, the choice of entities, and how they are written."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from open_data_publisher.domain.licences import LICENCES
from open_data_publisher.domain.policy import Policy, StatePolicy, Terms
from open_data_publisher.sensorthings import observations, resource
from open_data_publisher.sensorthings.catalogue import Catalogue, make_catalogue
from open_data_publisher.sensorthings.document import (
    Answer,
    TooMuchError,
    expanded_datastreams,
    next_link,
)
from open_data_publisher.sensorthings.errors import NothingThereError, OptionError
from open_data_publisher.sensorthings.evaluate import choose, is_inside
from open_data_publisher.sensorthings.model import TYPES
from open_data_publisher.sensorthings.options import Options, parse_options
from open_data_publisher.sensorthings.syntax import (
    Compare,
)
from open_data_publisher.sensorthings.vocabulary import EnvironmentSeries
from stadttakt_messages.states import BayState, LotState
from support.open_data import lot, truth

BASE = "https://daten.example/sensorthings/v1.1"
SERIES = [
    EnvironmentSeries(
        "klima-markt", "air.temperature", "°C", "Klima Marktplatz", 51.4826, 11.9697, 4.0
    )
]
TERMS = Terms(LICENCES["dl-by-de/2.0"], "Stadt Musterstadt")
POLICY = Policy(
    {
        kind: StatePolicy(kind, frozenset(model.model_fields), TERMS)
        for kind, model in (("lot", LotState), ("bay", BayState))
    }
)


CATALOGUE = make_catalogue(truth(), POLICY, SERIES, TERMS)
SQUARE = "POLYGON((11.96 51.48, 11.97 51.48, 11.97 51.49, 11.96 51.49, 11.96 51.48))"


@pytest.fixture
def catalogue() -> Catalogue:
    return CATALOGUE


def options(entity_type: str, **given_options: str) -> Options:
    pairs = [(f"${name}", value) for name, value in given_options.items()]
    return parse_options(pairs, TYPES[entity_type])


def chosen(catalogue: Catalogue, entity_type: str, **given_options: str) -> list[str]:
    wanted = options(entity_type, **given_options)
    entities = catalogue.sets[entity_type].values()
    return [each.id for each in choose(catalogue, entities, TYPES[entity_type], wanted)[0]]


# -- choosing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("properties/kind eq 'lot'", ["lot:alt", "lot:markt", "lot:pr-nord", "lot:zoo"]),
        ("name eq 'P+R Nord'", ["lot:pr-nord"]),
        ("'P+R Nord' eq name", ["lot:pr-nord"]),
        ("id eq 'lot:zoo' or @iot.id eq 'lot:alt'", ["lot:alt", "lot:zoo"]),
        ("properties/lot_id eq 'markt' and not properties/kind eq 'bay'", ["lot:markt"]),
        ("not (properties/kind eq 'lot' or properties/kind eq 'bay')", ["asset:klima-markt"]),
        ("properties/height_m ge 4", ["asset:klima-markt"]),
        ("properties/height_m ne null", ["asset:klima-markt"]),
        ("properties/height_m gt 'a'", []),
        ("startswith(name,'P+R') and endswith(name,'Nord')", ["lot:pr-nord"]),
        ("contains(name,'Marktplatz') or substringof('Nord',name)",
         ["asset:klima-markt", "lot:pr-nord"]),
        ("Datastreams/ObservedProperty/id eq 'air.temperature'", ["asset:klima-markt"]),
        (f"st_within(Locations/location, geography'{SQUARE}')", ["asset:klima-markt"]),
    ],
)  # fmt: skip
def test_things_are_chosen(catalogue: Catalogue, text: str, expected: list[str]) -> None:
    assert chosen(catalogue, "Things", filter=text) == expected


def test_entities_are_sorted_and_paged(catalogue: Catalogue) -> None:
    lots = "properties/kind eq 'lot'"
    by_name = chosen(catalogue, "Things", filter=lots, orderby="properties/capacity desc,id desc")
    assert by_name == ["lot:zoo", "lot:pr-nord", "lot:markt", "lot:alt"]
    assert chosen(catalogue, "Things", filter=lots, skip="1", top="2") == [
        "lot:markt",
        "lot:pr-nord",
    ]
    assert chosen(catalogue, "Things", top="0") == []


def test_a_point_is_inside_a_polygon_or_not() -> None:
    arrow = [(0, 0), (4, 0), (4, 4), (2, 1), (0, 4), (0, 0)]
    assert is_inside(1, 1, arrow)
    assert not is_inside(2, 3, arrow)
    assert not is_inside(5, 1, arrow)


# -- the catalogue ---------------------------------------------------------------------------------


def test_every_relation_leads_somewhere_and_back(catalogue: Catalogue) -> None:
    for entities in catalogue.sets.values():
        for entity in entities.values():
            for name in entity.type.relations:
                if name not in {"Observations", "HistoricalLocations"}:
                    assert catalogue.related(entity, name)
    for datastream in catalogue.sets["Datastreams"].values():
        for back in ("Thing", "Sensor", "ObservedProperty"):
            (other,) = catalogue.related(datastream, back)
            assert datastream.id in other.related["Datastreams"]
        assert datastream.id in catalogue.sources


def test_nothing_moves_but_the_way_to_where_it_was_is_there(catalogue: Catalogue) -> None:
    for path in (
        "HistoricalLocations",
        "Things('lot:markt')/HistoricalLocations",
        "Locations('lot:markt')/HistoricalLocations",
    ):
        found = resource.find(catalogue, path)
        assert isinstance(found, resource.Many)
        assert (found.type.name, found.entities) == ("HistoricalLocations", ())
    thing = catalogue.sets["Things"]["lot:markt"]
    wanted = options("Things", expand="HistoricalLocations($orderby=time desc;$top=1)")
    written = Answer(catalogue, BASE).entity(thing, wanted)
    assert written["HistoricalLocations"] == []
    link = "HistoricalLocations@iot.navigationLink"
    assert Answer(catalogue, BASE).entity(thing, Options())[link].endswith("/HistoricalLocations")
    with pytest.raises(NothingThereError):
        resource.find(catalogue, "HistoricalLocations('lot:markt')")


def test_what_the_policy_withholds_has_no_datastream_and_what_it_opens_says_under_which_terms() -> (
    None
):
    fields = frozenset({"lot_id", "state", "free", "simulated"})
    policy = Policy({"lot": StatePolicy("lot", fields, TERMS)})
    made = make_catalogue(truth(lots=[lot()], bays=[]), policy, [], None)
    assert list(made.sets["Datastreams"]) == ["lot:markt:free", "lot:markt:state"]
    assert made.sets["Datastreams"]["lot:markt:free"].properties["properties"] == {
        "simulated": False,
        "license": "https://www.govdata.de/dl-de/by-2-0",
        "attribution": "Stadt Musterstadt",
    }


def test_a_place_whose_position_is_withheld_is_nowhere() -> None:
    made = make_catalogue(
        truth(lots=[], bays=[]), Policy(), [EnvironmentSeries("garden", "pm10")], TERMS
    )
    assert made.sets["Locations"] == {}
    assert made.sets["Things"]["asset:garden"].properties["name"] == "garden"
    assert made.related(made.sets["Things"]["asset:garden"], "Locations") == []


# -- paths -----------------------------------------------------------------------------------------


def test_paths_lead_to_sets_entities_and_properties(catalogue: Catalogue) -> None:
    found = resource.find(catalogue, "Things('lot:markt')/Datastreams")
    assert isinstance(found, resource.Many)
    assert len(found.entities) == 7
    one = resource.find(catalogue, "Datastreams('lot:markt:free')/Thing")
    assert isinstance(one, resource.One)
    assert one.entity.id == "lot:markt"
    name = resource.find(catalogue, "Datastreams('lot:markt:free')/Thing/name")
    assert name == resource.Property("name", "Tiefgarage Markt & Süd")
    value = resource.find(catalogue, "Things('lot:markt')/name/$value")
    assert value == resource.Property("name", "Tiefgarage Markt & Süd", only_value=True)
    links = resource.find(catalogue, "Things('lot:markt')/Datastreams/$ref")
    assert isinstance(links, resource.Many)
    assert links.only_links
    of = resource.find(catalogue, "Things('lot:markt')/Datastreams('lot:markt:free')/Observations")
    assert isinstance(of, resource.Many)
    assert of.of is not None
    assert of.of.id == "lot:markt:free"


@pytest.mark.parametrize(
    "path",
    ["", "Foo", "Things('x')", "Things(1)", "Things('lot:markt')/Foo", "Things/name", "Things('",
     "Things('lot:markt')/Datastreams('lot:zoo:free')", "Things('lot:markt')/name/x",
     "Datastreams('lot:markt:free')/Observations('lot:zoo:free@1')", "Things" * 900],
)  # fmt: skip
def test_paths_to_nothing_are_told(catalogue: Catalogue, path: str) -> None:
    with pytest.raises(NothingThereError):
        resource.find(catalogue, path)


@given(st.text(alphabet="ThingsDatasremOb('lot:markt')/@1 ", max_size=60))
def test_any_path_leads_somewhere_or_to_nothing(path: str) -> None:
    with contextlib.suppress(NothingThereError):
        resource.find(CATALOGUE, path)


# -- documents -------------------------------------------------------------------------------------


def test_an_entity_has_its_links_and_what_is_selected(catalogue: Catalogue) -> None:
    thing = catalogue.sets["Things"]["lot:markt"]
    answer = Answer(catalogue, BASE)
    link = f"{BASE}/Things('lot:markt')"
    whole = answer.entity(thing, Options())
    assert whole["@iot.selfLink"] == link
    assert whole["Datastreams@iot.navigationLink"] == f"{link}/Datastreams"
    assert answer.entity(thing, options("Things", select="name,id,Locations")) == {
        "@iot.id": "lot:markt",
        "@iot.selfLink": link,
        "name": "Tiefgarage Markt & Süd",
        "Locations@iot.navigationLink": f"{link}/Locations",
    }


def test_what_is_expanded_stands_in_its_place_with_a_link_to_more(catalogue: Catalogue) -> None:
    thing = catalogue.sets["Things"]["lot:markt"]
    wanted = options(
        "Things", expand="Datastreams($count=true;$top=2;$select=id;$expand=ObservedProperty)"
    )
    found = Answer(catalogue, BASE).entity(thing, wanted)
    assert found["Datastreams@iot.count"] == 7
    assert [each["@iot.id"] for each in found["Datastreams"]] == [
        "lot:markt:free",
        "lot:markt:free_min",
    ]
    assert found["Datastreams"][0]["ObservedProperty"]["name"] == "Free spaces"
    assert "Datastreams('" not in found["Datastreams@iot.nextLink"].removeprefix(BASE)
    assert found["Datastreams@iot.nextLink"].endswith("/Datastreams?%24skip=2&%24top=2")


def test_the_next_page_is_the_same_request_further_on() -> None:
    wanted = Options(top=10, skip=20)
    pairs = [("$filter", "name eq 'x'"), ("$skip", "20")]
    link = next_link(f"{BASE}/Things", pairs, wanted)
    assert link == f"{BASE}/Things?%24filter=name+eq+%27x%27&%24top=10&%24skip=30"


def test_an_answer_that_would_be_too_large_is_refused() -> None:
    many = make_catalogue(truth(lots=[lot(f"l{n}") for n in range(300)], bays=[]), POLICY, [], None)
    things = list(many.sets["Things"].values())
    wanted = options("Things", expand="Datastreams/Observations($top=1000)")
    with pytest.raises(TooMuchError):
        list(expanded_datastreams(many, things, wanted))
    deep = options("Things", expand="Datastreams/Sensor/Datastreams")
    answer = Answer(many, BASE)
    with pytest.raises(TooMuchError):
        list(map(answer.entity, things, [deep] * len(things)))


# -- observations ----------------------------------------------------------------------------------


def test_the_datastream_of_observations_is_taken_out_of_their_filter() -> None:
    found = options("Observations", filter="result gt 3 and Datastream/id eq 'lot:a:free'").filter
    named, rest = observations.datastream_of(found)
    assert named == "lot:a:free"
    assert isinstance(rest, Compare)
    assert (
        observations.datastream_of(options("Observations", filter="result gt 3").filter)[0] is None
    )
    either = "Datastream/id eq 'a' or Datastream/id eq 'b'"
    assert observations.datastream_of(options("Observations", filter=either).filter)[0] is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("result eq true", 10),
        ("phenomenonTime gt 'yesterday'", 0),
        ("phenomenonTime gt null", 18),
        ("result gt phenomenonTime", 0),
        ("id eq 'x'", 0),
        ("parameters/simulated eq true", 0),
        ("contains(result,'f')", 0),
    ],
)
def test_observations_are_chosen_by_time_and_result_only(text: str, place: int) -> None:
    with pytest.raises(OptionError) as found:
        observations.wanted(options("Observations", filter=text))
    assert found.value.position == place


def test_comparisons_may_stand_either_way_round() -> None:
    one = observations.wanted(options("Observations", filter="result gt 3")).conditions
    other = observations.wanted(options("Observations", filter="3 lt result")).conditions
    assert one == other


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_an_observation_is_found_by_its_id(at: datetime) -> None:
    observed = observations.Observed(at, at, None, 3, simulated=False)
    made = observations.observation("lot:a:free", observed)
    assert observations.parse_id(made.id) == ("lot:a:free", at)


@given(st.text(max_size=30))
def test_any_text_is_an_id_of_an_observation_or_none(text: str) -> None:
    found = observations.parse_id(text)
    assert found is None or text.startswith(f"{found[0]}@")
