# SPDX-License-Identifier: EUPL-1.2
"""All six services in Musterstadt: whatever they answer, nothing of another city shows."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import psycopg
import pypdf
import pytest
from sqlalchemy.engine import make_url

from cities.test_new_city import MUSTERSTADT
from stadttakt_local.programs import services
from stadttakt_local.settings import Ports
from stadttakt_runtime import plugins
from support.keys import bearer
from support.service import running_together, wait_for
from support.stack import Stack, free_ports

NAMES = ("uplink", "parking", "transit", "kpi", "opendata", "registry")
OTHER = re.compile(
    r"\bhalle\b|hallens|hallesch|\(saale\)|havag|sachsen-anhalt|15002000", re.IGNORECASE
)
LAT = re.compile(r"\b51\.(?:4\d|5[0-6])\d*\b")
LON = re.compile(r"\b(?:11\.(?:8[5-9]|9\d)|12\.0\d)\d*\b")
LINK = re.compile(r"(?:href|src|action)=\"([^\"#]+)")
# What a resource wants to know beside the path; resources that want more are looked at by their own tests.
WANTED = {
    "from": "2026-11-01T00:00:00Z",
    "to": "2026-11-02T00:00:00Z",
    "bbox": "9,49,11,50.5",
    "date": "2026-11-02",
    "quantity": "temperature",
    "period": "2026-Q3",
}
MOST_LINKS = 60
# Six processes begin: on a busy machine that alone takes minutes.
pytestmark = pytest.mark.timeout(900)
Answers = dict[str, str]


@pytest.fixture(scope="module")
def answers(stack: Stack, migrated: str, tmp_path_factory: Any) -> Iterator[dict[str, str]]:
    """What the services of Musterstadt say, by address."""
    name = "musterstadt"
    address = make_url(stack.postgres.url)
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as admin:
        admin.execute(f"create database {name} owner {address.username} template {migrated}")
    url = address.set(database=name).render_as_string(hide_password=False)
    for applier in plugins.load(plugins.CITY).values():
        applier(MUSTERSTADT, url)
    ports = Ports(stack.postgres.port, stack.mosquitto.port, *free_ports(len(NAMES)))
    shared = {
        "STADTTAKT_DATABASE_URL": url,
        "STADTTAKT_MQTT_URL": stack.mosquitto.url,
        "STADTTAKT_CITY": str(MUSTERSTADT),
        "STADTTAKT_TOPIC_ROOT": "muster",
        "STADTTAKT_INSTANCE": "muster",
    }
    programs = [
        (program.command[-1], program.port, {**shared, **program.environment})
        for program in services(ports)
    ]
    with running_together(programs) as started:
        clients = dict(zip(NAMES, started, strict=True))
        for client in clients.values():
            wait_for(client, "/ready", 200)
        wait_for(clients["opendata"], "/feeds/parkapi/v3/parking-sites", 200)
        headers = bearer(url, "admin")
        yield {
            f"{service}{path}": text
            for service, client in clients.items()
            for path, text in said(client, headers).items()
        }
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as admin:
        admin.execute(f"drop database {name} with (force)")


def said(client: httpx.Client, headers: dict[str, str]) -> Answers:
    """Return what a service answers: every resource that it describes, and every page that is linked."""
    found: Answers = {}
    described = client.get("/openapi.json").json()["paths"]
    plain = [path for path, methods in described.items() if "get" in methods]
    for path in sorted(plain, key=lambda each: each.count("{")):
        for address in addresses(path, described[path]["get"], found):
            answer = client.get(address, headers=headers)
            assert answer.status_code != 500, (address, answer.text)
            found[address] = text_of(answer)
    open_links = ["/", "/openapi.json", "/docs", "/metrics", *found]
    seen = set()
    while open_links and len(seen) < MOST_LINKS:
        address = open_links.pop(0)
        if address in seen:
            continue
        seen.add(address)
        answer = client.get(address, headers={"accept": "text/html"}, follow_redirects=True)
        assert answer.status_code != 500, (address, answer.text)
        found[f"{address} as a page"] = text_of(answer)
        if "html" in answer.headers.get("content-type", ""):
            open_links += links(address, answer.text)
    return found


def addresses(path: str, operation: dict[str, Any], found: Answers) -> Iterable[str]:
    """Return addresses of a resource with ids that were answered before; none of a stream."""
    if path.endswith("/stream"):
        return
    parameters = operation.get("parameters", ())
    needed = [one["name"] for one in parameters if one["in"] == "query" and one.get("required")]
    if not set(needed) <= set(WANTED):
        return
    query = "&".join(f"{name}={WANTED[name]}" for name in needed)
    everything = "\n".join(found.values())
    filled = [path]
    for name in re.findall(r"\{(\w+)(?::\w+)?\}", path):
        values = sorted(set(re.findall(rf'"{name}": ?"([^"/]+)"', everything)))[:1]
        filled = [re.sub(rf"\{{{name}[^}}]*\}}", v, one) for one in filled for v in values]
    for one in filled:
        yield f"{one}?{query}" if query else one


def links(address: str, page: str) -> list[str]:
    joined = (urlsplit(urljoin(f"http://own{address}", link)) for link in LINK.findall(page))
    return [
        f"{one.path}?{one.query}" if one.query else one.path
        for one in joined
        if one.netloc == "own"
    ]


def text_of(answer: httpx.Response) -> str:
    """Return an answer's text, of documents too."""
    if answer.content.startswith(b"%PDF"):
        return "\n".join(
            page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages
        )
    if answer.content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            return "\n".join(
                archive.read(name).decode("utf-8", "replace") for name in archive.namelist()
            )
    return answer.content.decode("utf-8", "replace")


def test_services_tell_of_musterstadt(answers: Answers) -> None:
    for address in ("parking/v1/lots", "transit/v1/vehicles", "opendata/catalog.ttl", "registry/"):
        assert any(one.startswith(address) for one in answers), sorted(answers)
    assert '"markt"' in answers["parking/v1/lots"]
    assert "Musterstadt" in answers["opendata/ as a page"]
    assert "Musterstadt" in answers["opendata/catalog.ttl"]
    assert len(answers) > 120


def test_nothing_of_another_city_shows(answers: Answers) -> None:
    shown = {
        address: found[0] for address, text in answers.items() if (found := OTHER.search(text))
    }
    assert not shown


def test_no_place_lies_in_another_city(answers: Answers) -> None:
    for address, text in answers.items():
        if not address.startswith(tuple(f"{name}/metrics" for name in NAMES)):
            assert not (LAT.search(text) and LON.search(text)), address


def test_the_check_would_find_the_other_city() -> None:
    assert OTHER.search("Stadt Halle (Saale)")
    assert LAT.search('"lat": 51.4872')
    assert LON.search('"lon": 11.9673')
    assert not OTHER.search("Schwimmhallen und Sporthalle, Bearer challenge")
