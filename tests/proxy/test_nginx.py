# SPDX-License-Identifier: EUPL-1.2
"""The reverse proxy's configuration in a real nginx: who is asked what, with which headers."""

from __future__ import annotations

import json
import re
import time
from ast import literal_eval
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from architecture.tracked import ROOT
from proxy.echo import HEADERS, echoing
from proxy.running import RunningProxy, hosts, running_proxy
from support.authority import Authority
from support.documents import FILES
from support.stack import free_ports

ADDRESS = re.compile(r"https://<host>(/(?:<service>/|[\w./-])+)")


@pytest.fixture(scope="module")
def services() -> Iterator[dict[str, int]]:
    with echoing() as ports:
        yield ports


@pytest.fixture(scope="module")
def proxy(
    services: dict[str, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A client of nginx with the shipped configuration, but for ports, folders, names of hosts and the rate."""
    with running_proxy(services, tmp_path_factory.mktemp("nginx")) as running:
        trusted = running.trusting(running.authority)
        address = f"https://127.0.0.1:{running.port}"
        with httpx.Client(base_url=address, verify=trusted) as client:
            yield client
    # What nginx says of a request names who sent it, and the tokens of status links.
    assert "client: " not in running.said()


def test_a_form_with_an_attachment_leaves_no_address_in_the_log(proxy: httpx.Client) -> None:
    """A body of more than 16 kB goes to a file on its way, of which nginx would warn; the fixture reads the log."""
    answer = proxy.post("/ideen/", content=bytes(200_000))
    assert answer.status_code == 204


@pytest.mark.parametrize(
    ("asked", "service", "passed_on", "prefix"),
    [
        ("/", "opendata", "/", None),
        ("/datasets/lots?x=1&y=%2B", "opendata", "/datasets/lots?x=1&y=%2B", None),
        ("/api/parking/v1/signs?limit=2", "parking", "/v1/signs?limit=2", "/api/parking"),
        ("/api/parking/v1/signs/a/stream", "parking", "/v1/signs/a/stream", "/api/parking"),
        ("/api/transit/v1/trips/a%2Fb%20c", "transit", "/v1/trips/a%2Fb%20c", "/api/transit"),
        ("/api/parking/signs/a/display", "parking", "/signs/a/display", "/api/parking"),
        ("/api/parking/signs/display.js", "parking", "/signs/display.js", "/api/parking"),
        ("/kpi/", "kpi", "/", "/kpi"),
        ("/kpi/kennzahl/x?stand=2026-01-01", "kpi", "/kennzahl/x?stand=2026-01-01", "/kpi"),
        ("/ideen/massnahmen", "registry", "/massnahmen", "/ideen"),
        ("/leitstelle?tag=2026-01-01", "transit", "/leitstelle?tag=2026-01-01", None),
        ("/leitstelle/anmelden", "transit", "/leitstelle/anmelden", None),
        ("/leitstellen", "opendata", "/leitstellen", None),
    ],
)
def test_request_reaches_its_service_as_it_was_written(
    proxy: httpx.Client,
    services: dict[str, int],
    asked: str,
    service: str,
    passed_on: str,
    prefix: str | None,
) -> None:
    answer = proxy.get(asked, headers={"x-forwarded-for": "203.0.113.9", "x-client-cert": "forged"})
    assert answer.headers["x-service"] == str(services[service])
    path, headers = answer.text.split("\n")
    assert path == passed_on
    expected = ("127.0.0.1", "127.0.0.1", "https", prefix, None)
    assert headers == str(dict(zip(HEADERS, expected, strict=True)))
    assert "strict-transport-security" in answer.headers


def told() -> Iterator[tuple[str, str]]:
    """Give document and path of each address behind the proxy that the documents tell."""
    for file in FILES:
        for path in ADDRESS.findall(file.read_text(encoding="utf-8")):
            names = list(hosts()) if "<service>" in path else [""]
            yield from ((file.name, path.replace("<service>", name)) for name in names)


def leads_to_an_endpoint(upstream: str, path: str) -> bool:
    """Tell whether a service has an endpoint that begins with a path."""
    document = json.loads((ROOT / f"schemas/openapi/{hosts()[upstream]}.json").read_text())
    return any(one.startswith(path) for one in [*document["paths"], "/docs"])


def test_addresses_of_the_documents_lead_to_endpoints(
    proxy: httpx.Client, services: dict[str, int]
) -> None:
    upstream_of = {str(port): name for name, port in services.items()}
    asked = list(told())
    assert len(asked) > 15
    wrong = []
    for document, path in asked:
        answer = proxy.get(path)
        upstream, passed_on = upstream_of[answer.headers["x-service"]], answer.text.split("\n")[0]
        if not leads_to_an_endpoint(upstream, passed_on):
            wrong.append((document, path, upstream))
    assert wrong == []


@pytest.mark.parametrize(
    "path",
    [
        *("/metrics", "/ready", "/api/parking/metrics", "/api/kpi//live", "/api/uplink/%6detrics"),
        *("/kpi/metrics", "/ideen/ready", "/ideen//live"),
    ],
)
def test_what_only_the_platform_may_see_is_not_there(proxy: httpx.Client, path: str) -> None:
    assert proxy.get(path).status_code == 404


def test_short_address_of_a_sign_leads_to_its_page(proxy: httpx.Client) -> None:
    answer = proxy.get("/signs/a%20b/display?x=1")
    assert answer.status_code == 308
    # no host and no port: those of this process are not the visitor's
    assert answer.headers["location"] == "/api/parking/signs/a%20b/display?x=1"


def test_pages_without_a_slash_are_sent_to_their_folder(proxy: httpx.Client) -> None:
    answer = proxy.get("/kpi?stand=2026-01-01")
    assert (answer.status_code, answer.headers["location"]) == (301, "/kpi/?stand=2026-01-01")


def test_a_form_that_is_too_large_is_told_in_words_and_a_program_in_a_document(
    proxy: httpx.Client,
) -> None:
    too_large = bytes(34_000_000)
    told = proxy.post("/ideen/", content=too_large)
    assert (told.status_code, told.headers["content-type"]) == (413, "text/html; charset=utf-8")
    for said in ("zusammen 30 MB", "30 MB together", 'href="/ideen/"', "browser's back button"):
        assert said in told.text
    document = proxy.post("/api/registry/v1/ideas", content=too_large)
    assert document.json()["code"] == "content_too_large"


def test_client_that_asks_too_often_is_told_so_as_a_problem(proxy: httpx.Client) -> None:
    answers = [proxy.get("/") for _ in range(210)]
    refused = [each for each in answers if each.status_code == 429]
    assert refused
    assert refused[0].json()["code"] == "too_many_requests"
    assert refused[0].headers["retry-after"] == "2"


@pytest.mark.parametrize("path", ["/", "/api/opendata/v1/x", "/ideen/"])
def test_service_that_is_away_is_told_with_the_status_of_the_problem(
    services: dict[str, int], tmp_path: Path, path: str
) -> None:
    (nobody,) = free_ports(1)
    away = {**services, "opendata": nobody, "registry": nobody}
    with running_proxy(away, tmp_path) as running:
        trusted = running.trusting(running.authority)
        answer = httpx.get(f"https://127.0.0.1:{running.port}{path}", verify=trusted)
    assert (answer.status_code, answer.json()["status"]) == (503, 503)
    assert answer.json()["code"] == "service_away"
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0


def sent(running: RunningProxy, path: str, count: int) -> list[int]:
    """Send as a network server does after an outage: by one key, many at once; return what was answered."""
    headers = {"authorization": "Bearer one"}
    address = f"https://127.0.0.1:{running.port}{path}"
    with (
        httpx.Client(verify=running.trusting(running.authority), headers=headers) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        return [each.status_code for each in pool.map(client.post, [address] * count)]


@pytest.mark.parametrize(
    "path",
    [
        "/api/uplink/v1/webhooks/chirpstack?event=up",
        "/api/uplink/v1/observations?source=fair",
        "/api/transit/v1/observations",
    ],
)
def test_network_server_that_sends_all_its_uplinks_from_one_address_loses_none(
    services: dict[str, int], tmp_path: Path, path: str
) -> None:
    with running_proxy(services, tmp_path) as running:
        assert set(sent(running, path, 600)) == {204}


def test_what_the_proxy_refuses_is_told_and_counted_without_an_address(
    services: dict[str, int], tmp_path: Path
) -> None:
    with running_proxy(services, tmp_path) as running:
        answers = sent(running, "/api/registry/v1/ideas?token=secret", 230)
        assert set(answers) == {204, 429}
        public, intake = (
            f'stadttakt_proxy_refused_total{{status="429",way_in="{one}"}}'
            for one in ("public", "intake")
        )
        deadline = time.monotonic() + 60
        while running.counted()[public] < answers.count(429):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        again = sent(running, "/api/registry/v1/ideas?token=secret", 10).count(429)
        while running.counted()[public] < answers.count(429) + again:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert running.counted() == {public: answers.count(429) + again, intake: 0}
    answers += [429] * again
    lines = (tmp_path / "told").read_text().splitlines()
    assert len(lines) == answers.count(429)
    assert all(re.fullmatch(r"[\dT:+-]+ refused 429 public", line) for line in lines)


@pytest.fixture(scope="module")
def pulled(
    services: dict[str, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningProxy]:
    with running_proxy(services, tmp_path_factory.mktemp("pull")) as running:
        yield running


def fetched(
    running: RunningProxy, path: str, certificate: tuple[bytes, bytes] | None
) -> httpx.Response:
    """Ask at the port of platforms that fetch, with a forged header and perhaps a certificate."""
    trusted = running.trusting(running.authority)
    if certificate is not None:
        files = [running.folder / name for name in ("client.pem", "client.key")]
        for file, content in zip(files, certificate, strict=True):
            file.write_bytes(content)
        trusted.load_cert_chain(*files)
    address = f"https://127.0.0.1:{running.pull_port}{path}"
    return httpx.get(address, verify=trusted, headers={"x-client-cert": "forged"})


def refused(running: RunningProxy, addresses: tuple[str, ...], key: str | None) -> list[str]:
    """Return which of 150 requests from each address were too many, with a key or without."""
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    found = []
    for address in addresses:
        transport = httpx.HTTPTransport(
            verify=running.trusting(running.authority), local_address=address
        )
        with httpx.Client(transport=transport, headers=headers) as client:
            asked = f"https://127.0.0.1:{running.port}/api/parking/v1/lots"
            found += [address for _ in range(150) if client.get(asked).status_code == 429]
    return found


def test_a_key_that_is_used_too_often_is_refused_from_wherever_and_others_are_not(
    services: dict[str, int], tmp_path: Path
) -> None:
    with running_proxy(services, tmp_path) as running:
        assert refused(running, ("127.0.0.2", "127.0.0.3"), None) == []
        late = refused(running, ("127.0.0.4", "127.0.0.5"), "one")
        assert set(late) == {"127.0.0.5"}
        assert refused(running, ("127.0.0.6",), "another") == []


def test_a_platform_that_fetches_is_told_of_by_the_certificate_it_holds(
    pulled: RunningProxy, services: dict[str, int]
) -> None:
    certificate = Authority("platforms").issue("platform")
    answer = fetched(pulled, "/pull/siri-vm", certificate)
    assert answer.headers["x-service"] == str(services["opendata"])
    path, headers = answer.text.splitlines()
    assert path == "/pull/siri-vm"
    assert literal_eval(headers)["x-client-cert"] == quote(certificate[0], safe="")


def test_without_a_certificate_none_is_told_of_whatever_the_client_says(
    pulled: RunningProxy,
) -> None:
    _, headers = fetched(pulled, "/pull/siri-vm", None).text.splitlines()
    assert literal_eval(headers)["x-client-cert"] is None


def test_at_the_port_of_platforms_is_nothing_else(pulled: RunningProxy) -> None:
    assert fetched(pulled, "/v1/feeds", None).status_code == 404
