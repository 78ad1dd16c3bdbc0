# SPDX-License-Identifier: EUPL-1.2
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pyshacl
import pytest
from rdflib import DCAT, OWL, RDF, Graph, Literal, URIRef

from open_data_publisher.api.catalog import SYNTAXES, Syntax, choose
from open_data_publisher.catalog.graph import Page, Place, build
from open_data_publisher.catalog.listing import Listed, list_dataset, list_feeds
from open_data_publisher.catalog.vocabulary import HYDRA, file_type_of, standard_of
from open_data_publisher.catalogue_file import CATALOGUE_FILE, read_catalogue
from open_data_publisher.domain.known_sources import SOURCES
from open_data_publisher.domain.policy import Policy
from open_data_publisher.feeds.catalogue import FEEDS, Feed
from open_data_publisher.policy_file import read_policy
from open_data_publisher.storage.editions import Summary
from stadttakt_runtime.plugins import CityError

ROOT = Path(__file__).parents[3]
HALLE = ROOT / "deploy/cities/halle"
STANDARDS = Path(os.environ.get("STADTTAKT_STANDARDS", ROOT.parent / "shared/standards"))
SHAPES = STANDARDS / "dcat"
NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
BASE = "https://daten.example"
CATALOGUE = URIRef(f"{BASE}/catalog")
GERMAN = (
    "semic/dcat-ap-SHACL.ttl",
    "de-3.0/dcat-ap-SHACL-DE.ttl",
    "de-3.0/dcat-ap-de-deprecated.ttl",
    "de-3.0/dcat-ap-spec-german-additions.ttl",
)
MOBILITY = ("mobility/releases_mobilitydcat-ap_shacl_shapes.ttl",)
ONTOLOGIES = ("mirror/foaf_0_1.rdf", "mirror/vcard.ttl", "mirror/org.ttl")
needs_shapes = pytest.mark.skipif(
    not SHAPES.is_dir(), reason=f"no official shapes: {SHAPES} is absent"
)


def entries() -> list[Listed]:
    """Return all that Halle lists, once with values and once without."""
    policy = read_policy(HALLE)
    summary = Summary(date(2026, 1, 1), date(2026, 11, 25), 10, NOON)
    found = list_feeds(policy, FEEDS, {FEEDS[0].feed_id: NOON})
    for number, dataset in enumerate(policy.datasets.values()):
        told = summary if number % 2 == 0 else None
        found.append(
            list_dataset(dataset, told, is_served=dataset.source is SOURCES["environment"])
        )
    return found


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.feed_id)
def test_every_feed_is_of_a_known_standard_and_file_type(feed: Feed) -> None:
    assert standard_of(feed.feed_id)
    assert file_type_of(feed.media_type)


def graph(listed: list[Listed], page: Page) -> Graph:
    city = read_catalogue(HALLE)
    assert city is not None
    begin = (page.number - 1) * page.size
    return build(
        listed[begin : begin + page.size],
        page,
        city=city,
        place=Place("Halle (Saale)", (11.85, 51.40, 12.10, 51.56)),
        base_url=BASE,
        created={each.entry_id: NOON for each in listed},
    )


def whole() -> Graph:
    listed = entries()
    return graph(listed, Page(1, 100, len(listed)))


def report(data: Graph, names: tuple[str, ...]) -> str:
    """Return what the official shapes say against a graph, warnings too; nothing if they agree."""
    shapes, with_ontologies = Graph(), Graph()
    for name in names:
        shapes.parse(SHAPES / name, format="turtle")
    shapes.remove((None, OWL.imports, None))
    for triple in data:
        with_ontologies.add(triple)
    for name in ONTOLOGIES:
        syntax = "xml" if name.endswith(".rdf") else "turtle"
        with_ontologies.parse(SHAPES / name, format=syntax)
    conforms, _, text = pyshacl.validate(with_ontologies, shacl_graph=shapes, advanced=True)
    return "" if conforms else str(text)


@needs_shapes
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_catalogue_agrees_with_the_shapes_of_dcat_ap_de() -> None:
    assert not report(whole(), GERMAN)


@needs_shapes
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_catalogue_agrees_with_the_shapes_of_mobility_dcat_ap() -> None:
    assert not report(whole(), MOBILITY)


@needs_shapes
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_shapes_find_what_is_missing() -> None:
    broken = whole()
    distribution = next(broken.subjects(RDF.type, DCAT.Distribution))
    broken.remove((distribution, DCAT.accessURL, None))
    assert "accessURL" in report(broken, GERMAN)
    standard = URIRef("http://w3id.org/mobilitydcat-ap#mobilityDataStandard")
    broken.remove((None, standard, None))
    assert "mobilityDataStandard" in report(broken, MOBILITY)


def test_what_can_be_asked_for_in_parts_is_a_service_with_the_datasets_that_it_serves() -> None:
    found = whole()
    (service,) = found.subjects(RDF.type, DCAT.DataService)
    assert list(found.objects(service, DCAT.endpointURL)) == [URIRef(f"{BASE}/sensorthings/v1.1")]
    assert (CATALOGUE, DCAT.service, service) in found
    served = {str(each).rpartition("#")[2] for each in found.objects(service, DCAT.servesDataset)}
    environment = {
        each.dataset_id
        for each in read_policy(HALLE).datasets.values()
        if each.source is SOURCES["environment"]
    }
    assert environment
    assert served == {"live-parking", *environment}
    distributions = list(found.subjects(DCAT.accessService, service))
    assert len(distributions) == len(served)
    for each in distributions:
        assert (each, DCAT.downloadURL, None) not in found


def test_a_city_that_tells_of_no_parking_lists_no_service() -> None:
    policy = read_policy(HALLE)
    told = {kind: each for kind, each in policy.states.items() if kind == "vehicle"}
    listed = list_feeds(Policy(told), FEEDS, {})
    found = graph(listed, Page(1, 100, len(listed)))
    assert not list(found.subjects(RDF.type, DCAT.DataService))


@pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_syntax_says_the_same(syntax: Syntax) -> None:
    written = whole().serialize(format=syntax.name, encoding="utf-8")
    read_as = "xml" if syntax.name == "pretty-xml" else syntax.name
    assert len(Graph().parse(written, format=read_as)) == len(whole())


def test_every_public_dataset_and_feed_is_listed_with_all_its_files() -> None:
    found = whole()
    addresses = {str(each) for each in found.objects(None, DCAT.accessURL)}
    assert {f"{BASE}{feed.path}" for feed in FEEDS} <= addresses
    assert f"{BASE}/datasets/parkplaetze/data.parquet" in addresses
    assert f"{BASE}/datasets/kennzahlen/data.geojson" not in addresses
    assert set(SOURCES) <= {
        dataset.source.source_id for dataset in read_policy(HALLE).datasets.values()
    }


def test_what_the_policy_closes_is_not_listed() -> None:
    assert list_feeds(Policy(), FEEDS, {}) == []


def test_pages_lead_a_harvester_through_all_entries_once() -> None:
    listed = entries()
    seen: list[str] = []
    address: str | None = f"{CATALOGUE}?page=1"
    while address is not None:
        number = int(address.rpartition("=")[2])
        found = graph(listed, Page(number, 5, len(listed)))
        page = URIRef(address)
        assert (page, RDF.type, HYDRA.PagedCollection) in found
        assert found.value(page, HYDRA.totalItems) == Literal(len(listed))
        assert str(found.value(page, HYDRA.lastPage)) == f"{CATALOGUE}?page={-(-len(listed) // 5)}"
        seen += [str(each) for each in found.objects(CATALOGUE, DCAT.dataset)]
        following = found.value(page, HYDRA.nextPage)
        address = None if following is None else str(following)
    assert len(seen) == len(set(seen)) == len(listed)


def test_an_empty_catalogue_has_one_page() -> None:
    found = graph([], Page(1, 100, 0))
    assert (CATALOGUE, RDF.type, DCAT.Catalog) in found
    assert found.value(URIRef(f"{CATALOGUE}?page=1"), HYDRA.nextPage) is None


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("*/*", "ttl"),
        ("text/turtle", "ttl"),
        ("application/rdf+xml", "rdf"),
        ("application/ld+json", "jsonld"),
        ("application/json", "jsonld"),
        ("text/turtle;q=0.5, application/ld+json", "jsonld"),
        ("application/rdf+xml;q=0.9, text/turtle;q=0.9", "rdf"),
        ("text/turtle;q=0, application/rdf+xml", "rdf"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"),
        ("application/pdf", None),
        ("text/turtle;q=x", None),
        ("", None),
    ],
)
def test_a_client_gets_the_syntax_that_it_likes_best(accept: str, chosen: str | None) -> None:
    found = choose(accept)
    assert (found.ending if isinstance(found, Syntax) else found) == chosen


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"15002000"', '"1500"', "municipality_key"),
        ("offene-daten@halle.example", "nobody", "email"),
        ("http://dcat-ap.de/def", "dcat-ap.de/def", "contributor_id"),
        ("dl-zero-de/2.0", "mine", "there is no licence mine"),
        ("catalogue:", "catalog:", "unknown key catalog"),
    ],
)
def test_mistakes_of_the_catalogues_file_are_told_with_their_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = (HALLE / CATALOGUE_FILE).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "opendata").mkdir()
    (tmp_path / CATALOGUE_FILE).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(CityError) as caught:
        read_catalogue(tmp_path)
    assert said in caught.value.message
    assert caught.value.line is not None
    assert new in text.replace(old, new).splitlines()[caught.value.line - 1]


def test_a_city_without_the_file_keeps_no_catalogue(tmp_path: Path) -> None:
    assert read_catalogue(tmp_path) is None
