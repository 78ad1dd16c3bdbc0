# SPDX-License-Identifier: EUPL-1.2
"""A page of the catalogue as a graph (DCAT-AP.de 3.0, mobilityDCAT-AP 1.1, Hydra as ckanext-dcat)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, OWL, RDF, SKOS, XSD
from rdflib.term import Node

from open_data_publisher.catalog.listing import File, Listed
from open_data_publisher.catalog.vocabulary import (
    AUTHORITY,
    DCATAP,
    DCATDE,
    HYDRA,
    LOCN,
    MOBILITY,
    MOBILITYDCATAP,
    VCARD,
    Topic,
)
from open_data_publisher.domain.catalogue import CatalogueCity
from open_data_publisher.domain.licences import LICENCES, Licence
from open_data_publisher.domain.policy import Terms, Words

NOTHING_YET = datetime(2020, 1, 1, tzinfo=UTC)
"""When an empty catalogue changed last."""
LANGUAGES = ("DEU", "ENG")
PREFIXES = {
    "dcat": DCAT,
    "dct": DCTERMS,
    "foaf": FOAF,
    "skos": SKOS,
    "vcard": VCARD,
    "locn": LOCN,
    "dcatde": DCATDE,
    "dcatap": DCATAP,
    "mobilitydcatap": MOBILITYDCATAP,
    "hydra": HYDRA,
}


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of the catalogue; `total` entries, `size` on each page, the first is 1.

    `then` ends the addresses of pages that list a moment of the past.
    """

    number: int
    size: int
    total: int
    then: str = ""

    @property
    def last(self) -> int:
        """Return the number of the last page; an empty catalogue has one."""
        return max(1, -(-self.total // self.size))


@dataclass(frozen=True, slots=True)
class Place:
    """What everything is about: west, south, east, north."""

    name: str
    bbox: tuple[float, float, float, float]


class _Writer:
    def __init__(self, city: CatalogueCity, place: Place, base_url: str) -> None:
        self.graph = Graph()
        self.base = base_url
        self.city = city
        self.place = place
        self.publisher = URIRef(city.publisher_url)
        self.contact = URIRef(f"{base_url}/catalog#contact")
        self.spatial = URIRef(
            f"http://dcat-ap.de/def/politicalGeocoding/municipalityKey/{city.municipality_key}"
        )
        for prefix, namespace in PREFIXES.items():
            self.graph.bind(prefix, Namespace(str(namespace)))

    def add(self, subject: URIRef, values: Mapping[URIRef, Node | Sequence[Node] | None]) -> None:
        """Add statements; a list is several, nothing is none."""
        for predicate, value in values.items():
            several = value if isinstance(value, list) else [value]
            for each in several:
                if isinstance(each, Node):
                    self.graph.add((subject, predicate, each))

    def term(self, iri: str, kind: URIRef, label: str | None = None) -> URIRef:
        """Return a word of a shared vocabulary, with what it is."""
        found = URIRef(iri)
        self.add(found, {RDF.type: kind, SKOS.prefLabel: Literal(label, "de") if label else None})
        return found


def build(
    listed: Sequence[Listed],
    page: Page,
    *,
    city: CatalogueCity,
    place: Place,
    base_url: str,
    created: Mapping[str, datetime],
) -> Graph:
    """Return the graph of these entries, which are those of the page.

    `created` says since when each entry is listed.
    """
    writer = _Writer(city, place, base_url)
    _agents(writer)
    catalogue = URIRef(f"{base_url}/catalog")
    _catalogue(writer, catalogue, last_change(listed, created))
    for each in listed:
        dataset = URIRef(f"{base_url}{each.path}#{each.entry_id}")
        since = created[each.entry_id]
        _dataset(writer, dataset, each, since)
        _record(writer, dataset, each, since)
        writer.add(catalogue, {DCAT.dataset: dataset, DCAT.record: URIRef(f"{dataset}-record")})
    _paging(writer, catalogue, page)
    return writer.graph


def last_change(listed: Sequence[Listed], created: Mapping[str, datetime]) -> datetime:
    """Return when the newest of these entries changed, or was listed first."""
    times = [each.modified or created[each.entry_id] for each in listed]
    return max(times, default=NOTHING_YET)


def _agents(writer: _Writer) -> None:
    city, contact = writer.city, writer.city.contact
    mail = URIRef(f"mailto:{contact.email}")
    writer.add(
        writer.publisher,
        {
            RDF.type: FOAF.Agent,
            FOAF.name: Literal(city.publisher, "de"),
            DCTERMS.type: writer.term(
                "http://purl.org/adms/publishertype/LocalAuthority", SKOS.Concept, "Kommune"
            ),
        },
    )
    writer.add(
        writer.contact,
        {
            RDF.type: VCARD.Kind,
            VCARD.fn: Literal(contact.name),
            VCARD.hasEmail: mail,
            VCARD.hasURL: URIRef(contact.url) if contact.url else None,
        },
    )
    writer.add(mail, {RDF.type: OWL.Thing})
    if contact.url:
        writer.add(URIRef(contact.url), {RDF.type: OWL.Thing})
    west, south, east, north = writer.place.bbox
    box = f"POLYGON(({west} {south},{east} {south},{east} {north},{west} {north},{west} {south}))"
    wkt = URIRef("http://www.opengis.net/ont/geosparql#wktLiteral")
    writer.add(
        writer.spatial,
        {
            RDF.type: DCTERMS.Location,
            LOCN.geographicName: Literal(writer.place.name, "de"),
            DCAT.bbox: Literal(box, datatype=wkt),
        },
    )


def _catalogue(writer: _Writer, catalogue: URIRef, modified: datetime) -> None:
    city = writer.city
    writer.add(
        catalogue,
        {
            RDF.type: DCAT.Catalog,
            DCTERMS.title: _both(city.title),
            DCTERMS.description: _both(city.description),
            DCTERMS.publisher: writer.publisher,
            DCTERMS.license: _licence(writer, LICENCES[city.licence_id]),
            DCTERMS.language: _languages(writer),
            DCTERMS.spatial: writer.spatial,
            DCTERMS.modified: _time(modified),
            FOAF.homepage: writer.term(f"{writer.base}/", FOAF.Document),
            DCAT.themeTaxonomy: writer.term(f"{AUTHORITY}data-theme", SKOS.ConceptScheme),
        },
    )
    writer.add(URIRef(f"{AUTHORITY}data-theme"), {DCTERMS.title: Literal("Data theme", "en")})


def _dataset(writer: _Writer, dataset: URIRef, listed: Listed, created: datetime) -> None:
    city = writer.city
    page = writer.term(f"{writer.base}{listed.path}", FOAF.Document)
    files = [_distribution(writer, dataset, listed, file) for file in listed.files]
    writer.add(
        dataset,
        {
            RDF.type: [DCAT.Dataset, DCAT.Resource],
            DCTERMS.title: _both(listed.title),
            DCTERMS.description: _both(listed.description),
            DCTERMS.identifier: Literal(str(dataset)),
            DCTERMS.publisher: writer.publisher,
            DCTERMS.rightsHolder: writer.publisher,
            DCAT.contactPoint: writer.contact,
            DCAT.keyword: [Literal(word, "de") for word in listed.keywords],
            DCTERMS.modified: _time(listed.modified or created),
            DCTERMS.language: _languages(writer),
            DCTERMS.spatial: writer.spatial,
            DCTERMS.temporal: _period(writer, dataset, listed),
            DCTERMS.accrualPeriodicity: writer.term(
                f"{AUTHORITY}frequency/{listed.frequency}", DCTERMS.Frequency
            ),
            DCAT.landingPage: page,
            DCAT.distribution: files,
            DCATDE.contributorID: URIRef(city.contributor_id),
            DCATDE.politicalGeocodingLevelURI: URIRef(
                "http://dcat-ap.de/def/politicalGeocoding/Level/municipality"
            ),
            DCATAP.availability: _availability(writer),
        },
    )
    _about(writer, dataset, listed.topic)


def _about(writer: _Writer, dataset: URIRef, topic: Topic) -> None:
    writer.add(
        dataset,
        {
            DCAT.theme: writer.term(
                f"{AUTHORITY}data-theme/{topic.theme}", SKOS.Concept, topic.label
            ),
            MOBILITYDCATAP.mobilityTheme: [
                URIRef(f"{MOBILITY}mobility-theme/{word}") for word in topic.mobility
            ],
            MOBILITYDCATAP.transportMode: [
                URIRef(f"{MOBILITY}transport-mode/{word}") for word in topic.modes
            ],
        },
    )


def _record(writer: _Writer, dataset: URIRef, listed: Listed, created: datetime) -> None:
    writer.add(
        URIRef(f"{dataset}-record"),
        {
            RDF.type: DCAT.CatalogRecord,
            FOAF.primaryTopic: dataset,
            DCTERMS.created: _time(created),
            DCTERMS.modified: _time(listed.modified or created),
            DCTERMS.language: _languages(writer),
            DCTERMS.publisher: writer.publisher,
        },
    )


def _distribution(writer: _Writer, dataset: URIRef, listed: Listed, file: File) -> URIRef:
    address = f"{writer.base}{file.path}"
    # A service gives of several datasets.
    distribution = URIRef(f"{address}#{listed.entry_id}" if file.is_service else f"{address}#file")
    terms = listed.terms
    media_type = file.media_type.split(";", 1)[0]
    writer.add(
        distribution,
        {
            RDF.type: DCAT.Distribution,
            DCTERMS.title: Literal(f"{listed.title.de} ({file.title})", "de"),
            DCAT.accessURL: URIRef(address),
            DCAT.downloadURL: None if file.is_service else URIRef(address),
            DCAT.accessService: _service(writer, dataset, file) if file.is_service else None,
            DCTERMS.format: writer.term(
                f"{AUTHORITY}file-type/{file.file_type}", DCTERMS.MediaTypeOrExtent
            ),
            DCAT.mediaType: writer.term(
                f"https://www.iana.org/assignments/media-types/{media_type}", DCTERMS.MediaType
            ),
            DCTERMS.license: _licence(writer, terms.licence),
            DCATDE.licenseAttributionByText: _attribution(terms),
            DCTERMS.rights: _rights(writer),
            DCTERMS.modified: _time(listed.modified) if listed.modified else None,
            DCTERMS.language: _languages(writer),
            DCATAP.availability: _availability(writer),
            MOBILITYDCATAP.mobilityDataStandard: URIRef(
                f"{MOBILITY}mobility-data-standard/{file.standard}"
            ),
            MOBILITYDCATAP.applicationLayerProtocol: URIRef(
                f"{MOBILITY}application-layer-protocol/http-https"
            ),
            MOBILITYDCATAP.communicationMethod: URIRef(f"{MOBILITY}communication-method/pull"),
        },
    )
    return distribution


def _service(writer: _Writer, dataset: URIRef, file: File) -> URIRef:
    """Return the service by which parts of a dataset are asked for."""
    service = URIRef(f"{writer.base}{file.path}#service")
    standard = "http://www.opengis.net/doc/is/sensorthings/1.1"
    writer.add(
        service,
        {
            RDF.type: DCAT.DataService,
            DCTERMS.title: Literal(file.title),
            DCTERMS.conformsTo: writer.term(standard, DCTERMS.Standard),
            DCTERMS.license: _licence(writer, LICENCES[writer.city.licence_id]),
            DCTERMS.publisher: writer.publisher,
            DCAT.contactPoint: writer.contact,
            DCAT.endpointURL: URIRef(f"{writer.base}{file.path}"),
            DCAT.endpointDescription: URIRef(f"{writer.base}/openapi.json"),
            DCAT.servesDataset: dataset,
        },
    )
    writer.add(URIRef(f"{writer.base}/catalog"), {DCAT.service: service})
    return service


def _rights(writer: _Writer) -> URIRef:
    rights = URIRef(f"{writer.base}/catalog#rights")
    provided = URIRef(f"{MOBILITY}conditions-for-access-and-usage/licence-provided")
    writer.add(rights, {RDF.type: DCTERMS.RightsStatement, DCTERMS.type: provided})
    return rights


def _licence(writer: _Writer, licence: Licence) -> URIRef:
    return writer.term(licence.dcat_uri, DCTERMS.LicenseDocument)


def _attribution(terms: Terms) -> Literal | None:
    return Literal(terms.attribution, "de") if terms.attribution else None


def _availability(writer: _Writer) -> URIRef:
    iri = f"{AUTHORITY}planned-availability/{writer.city.availability}"
    return writer.term(iri, SKOS.Concept, writer.city.availability)


def _languages(writer: _Writer) -> list[URIRef]:
    return [
        writer.term(f"{AUTHORITY}language/{code}", DCTERMS.LinguisticSystem) for code in LANGUAGES
    ]


def _period(writer: _Writer, dataset: URIRef, listed: Listed) -> URIRef | None:
    if listed.first is None or listed.last is None:
        return None
    period = URIRef(f"{dataset}-period")
    writer.add(
        period,
        {
            RDF.type: DCTERMS.PeriodOfTime,
            DCAT.startDate: Literal(listed.first, datatype=XSD.date),
            DCAT.endDate: Literal(listed.last, datatype=XSD.date),
        },
    )
    return period


def _paging(writer: _Writer, catalogue: URIRef, page: Page) -> None:
    """Say where the other pages are, in both ways that harvesters read."""

    def address(number: int) -> URIRef:
        return URIRef(f"{catalogue}?page={number}{page.then}")

    first, last = Literal(address(1)), Literal(address(page.last))
    following = Literal(address(page.number + 1)) if page.number < page.last else None
    before = Literal(address(page.number - 1)) if page.number > 1 else None
    writer.add(
        address(page.number),
        {
            RDF.type: HYDRA.PagedCollection,
            HYDRA.totalItems: Literal(page.total),
            HYDRA.itemsPerPage: Literal(page.size),
            HYDRA.firstPage: first,
            HYDRA.lastPage: last,
            HYDRA.nextPage: following,
            HYDRA.previousPage: before,
        },
    )


def _both(words: Words) -> list[Literal]:
    return [Literal(words.de, "de"), Literal(words.en, "en")]


def _time(moment: datetime) -> Literal:
    written = moment.astimezone(UTC).replace(microsecond=0).isoformat()
    return Literal(written, datatype=XSD.dateTime)
