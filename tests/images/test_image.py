# SPDX-License-Identifier: EUPL-1.2
"""The publisher's image, one of the largest, built without a registry and without a daemon, against the running stack."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from architecture.tracked import ROOT
from stadttakt_local import layout
from stadttakt_local.images.base import build_base
from stadttakt_local.images.build import build_image
from stadttakt_local.images.builder import Builder, unpacked_buildah
from stadttakt_local.progress import silent
from support.image import Container, bytes_below, container_of
from support.service import wait_for
from support.stack import free_ports, installed_root

pytestmark = pytest.mark.timeout(900)
SERVICE = "open-data-publisher"
MOST_BYTES = 200_000_000
ALIVE = ["python", "-m", "stadttakt_runtime.alive"]


@pytest.fixture(scope="module")
def builder() -> Builder:
    installed_root()
    return unpacked_buildah(layout.LOCAL / "buildah")


@pytest.fixture(scope="module")
def base(builder: Builder) -> str:
    return build_base(builder, silent)


@pytest.fixture(scope="module")
def container(builder: Builder, base: str) -> Iterator[Container]:
    image = build_image(builder, SERVICE, base=base, tag="test")
    with container_of(builder, image) as built:
        yield built


def test_image_runs_as_nobody_on_a_root_that_it_cannot_write(container: Container) -> None:
    assert container.configuration["User"] == "10001:10001"
    status, said = container.run(["sh", "-c", "id -u; : > /opt/written"])
    assert said.startswith("10001\n")
    assert "Read-only file system" in said
    assert status != 0


async def test_service_starts_from_its_image_and_its_health_check_tells_so(
    container: Container, database_url: str, mqtt_url: str
) -> None:
    (port,) = free_ports(1)
    settings = {
        "STADTTAKT_DATABASE_URL": database_url,
        "STADTTAKT_MQTT_URL": mqtt_url,
        "STADTTAKT_OPENDATA_HTTP_PORT": str(port),
        "STADTTAKT_INSTANCE": "image",
        "STADTTAKT_CITY": "/srv/city",
    }
    assert container.run(ALIVE, **settings) == (1, "")
    shutil.copytree(ROOT / "deploy/cities/musterstadt", container.root / "srv/city")
    process = container.start(container.configuration["Entrypoint"], **settings)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
            assert wait_for(client, "/ready", 200, process).json()
        assert container.configuration["Healthcheck"]["Test"] == ["CMD", *ALIVE]
        assert container.run(ALIVE, **settings) == (0, "")
        assert leave(process) == 0
    finally:
        process.kill()
        process.communicate()
        shutil.rmtree(container.root / "srv/city")


def test_image_holds_no_tool_that_builds_and_no_secret_of_the_build(container: Container) -> None:
    tools = ("gcc", "make", "pip", "pip3", "uv", "git", "hatchling", "cyclonedx-py")
    folders = ("usr/bin", "usr/local/bin", "opt/stadttakt/bin")
    found = [name for name in tools for f in folders if (container.root / f / name).exists()]
    assert not found
    assert not list(container.root.glob("opt/stadttakt/lib/*/site-packages/pip"))
    assert not (container.root / "etc/pip.conf").exists()
    assert not list((container.root / "run").rglob("*.pem"))
    assert not (container.root / "build").exists()


def test_image_adds_less_than_200_mb_to_its_base(
    container: Container, builder: Builder, base: str
) -> None:
    with container_of(builder, base) as below:
        added = bytes_below(container.root) - bytes_below(below.root)
    assert 20_000_000 < added < MOST_BYTES


def test_what_was_left_of_arrow_writes_parquet_and_csv(container: Container) -> None:
    write = (
        "import io, pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq; from pyarrow import csv;"
        "table = pa.table({'lot': ['a', 'b'], 'free': [3, 4]}); table = table.filter(pc.greater(table['free'], 3));"
        "file = io.BytesIO(); pq.write_table(table, file, compression='zstd'); csv.write_csv(table, text := io.BytesIO());"
        "print(file.getvalue()[:4].decode(), text.getvalue().split()[-1].decode())"
    )
    assert container.run(["python", "-c", write], LD_BIND_NOW="1") == (0, 'PAR1 "b",4\n')


def test_image_says_what_it_is(container: Container) -> None:
    labels = container.configuration["Labels"]
    assert labels["org.opencontainers.image.title"] == f"Stadttakt {SERVICE}"
    assert labels["org.opencontainers.image.licenses"] == "EUPL-1.2"
    head = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    revision = subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip()
    assert labels["org.opencontainers.image.revision"] == revision
    assert (container.root / "opt/stadttakt/LICENSE").read_text().startswith("EUROPEAN UNION")


def test_bill_of_materials_names_every_locked_package_and_debians(container: Container) -> None:
    sbom = json.loads((container.root / "opt/stadttakt/sbom.cdx.json").read_text())
    assert sbom["bomFormat"] == "CycloneDX"
    assert sbom["metadata"]["component"]["name"] == f"stadttakt-{SERVICE}"
    told = {(one["name"].lower(), one["version"]) for one in sbom["components"]}
    installed = {
        tuple(path.name.removesuffix(".dist-info").split("-"))
        for path in container.root.glob("opt/stadttakt/lib/*/site-packages/*.dist-info")
    }
    normal = {(name.replace("-", "_").replace(".", "_"), version) for name, version in told}
    assert {(name.lower().replace(".", "_"), version) for name, version in installed} <= normal
    assert (f"stadttakt-{SERVICE}", "0.1.0") in told
    packages = (container.root / "usr/share/debian-packages.tsv").read_text()
    python = next(
        line.split("\t") for line in packages.splitlines() if line.startswith("python3\t")
    )
    assert (python[0], python[1]) in told


def leave(process: subprocess.Popen[str]) -> int:
    """End the service itself: what the test started is its parent in another namespace."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for child in children:
        subprocess.run(["kill", f"-{signal.SIGTERM}", child], check=True)
    return process.wait(timeout=30)
