# SPDX-License-Identifier: EUPL-1.2
"""The sections "Upgrade" of the installation pages, and what is carried to where no network is, as they are printed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from architecture.test_compose import read as compose
from backup.desk import ROOT, Desk
from support.documents import blocks
from support.stack import Stack, running_stack

COMPOSE = "docs/how-to/install-one-server.md"
KUBERNETES = "docs/how-to/install-kubernetes.md"
AIR_GAPPED = "docs/how-to/container-images.md"
UP = "docker compose -f deploy/compose.yaml --profile production up --detach --force-recreate"


def printed(document: str, section: str) -> list[str]:
    """Return the commands of a section, block by block; those that ask the services themselves are run by test_documents."""
    lines = (ROOT / document).read_text().splitlines()
    begin = lines.index(section)
    level = section.split(maxsplit=1)[0]
    end = next(
        (
            number
            for number, line in enumerate(lines[begin + 1 :], begin + 1)
            if re.match(rf"#{{1,{len(level)}}} ", line)
        ),
        len(lines),
    )
    found = [one for one in blocks() if one.document == document and one.language == "sh"]
    return [one.text for one in found if begin < one.line <= end]


@pytest.fixture(scope="module")
def server() -> Iterator[Stack]:
    with running_stack() as own:
        with psycopg.connect(own.postgres.admin_url) as connection:
            # as compose's image makes it; CloudNativePG's superuser is there anyway
            connection.execute("alter role stadttakt superuser")
        yield own


@pytest.fixture
def desk(tmp_path: Path, server: Stack) -> Desk:
    made = Desk(tmp_path, server)
    (tmp_path / "deploy/.env").write_text("STADTTAKT_TAG=old\nSTADTTAKT_PRODUCTION=true\n")
    return made


def tags(desk: Desk) -> list[str]:
    return re.findall(
        r"^STADTTAKT_TAG=(.*)", (desk.folder / "deploy/.env").read_text(), re.MULTILINE
    )


def test_upgrade_of_compose_copies_first_and_the_way_back_has_the_images_of_before(
    desk: Desk,
) -> None:
    *forth, back = printed(COMPOSE, "## Upgrade")
    told = desk.type("\n".join(forth).replace("for port in", "true || for port in"))
    assert told.returncode == 0, told.stdout + told.stderr
    assert tags(desk) == ["new"]
    assert "STADTTAKT_PRODUCTION=true" in (desk.folder / "deploy/.env").read_text()
    assert (desk.folder / "deploy/setup/broker").stat().st_uid == 1883
    assert "make venv images TAG=new" in desk.typed()
    steps = desk.typed()
    order = ("pg_dump", "git pull", "make", "alter extension", "run --rm prepare", UP)
    places = [next(n for n, line in enumerate(steps) if part in line) for part in order]
    assert places == sorted(places)
    again = desk.type(back)
    assert again.returncode == 0, again.stderr
    assert tags(desk) == ["old"]
    assert [line for line in desk.typed() if line.startswith("git checkout")] == [
        "git checkout --detach old"
    ]
    assert desk.typed()[-1] == UP


def test_what_stays_mounted_from_the_checkout_belongs_to_what_is_made_anew() -> None:
    """A file that changed is seen by a new container alone: each that has one is of the profile that is made anew."""
    mounted = {
        name
        for name, service in compose()["services"].items()
        for volume in service.get("volumes", ())
        if str(volume).startswith("./") and not str(volume).startswith("./setup")
    }
    services = compose()["services"]
    assert {"proxy", "mosquitto", "prometheus", "alertmanager", "grafana"} < mounted
    anew = {
        name for name in services if "production" in services[name].get("profiles", ["production"])
    }
    assert mounted - anew <= {"simulator"}


def test_upgrade_of_the_chart_copies_first_and_starts_pods_anew(desk: Desk) -> None:
    forth = printed(KUBERNETES, "## Upgrade")
    told = desk.type("\n".join(forth), "postgres")
    assert told.returncode == 0, told.stdout + told.stderr
    assert (desk.folder / "copies/before/SHA256SUMS").exists()
    steps = desk.typed()
    order = ("pg_dump", "git pull", "make", "helm upgrade", "rollout restart", "rollout status")
    places = [next(n for n, line in enumerate(steps) if part in line) for part in order]
    assert places == sorted(places)
    assert steps[-1].endswith("alter extension timescaledb update")


def test_images_of_others_are_carried_over_as_compose_and_chart_name_them(desk: Desk) -> None:
    with_network, chart, *_ = printed(AIR_GAPPED, "## Air-gapped")
    (desk.folder / "my-values.yaml").write_text("database: {bundled: true}")
    told = desk.type(with_network + chart)
    assert told.returncode == 0, told.stdout + told.stderr
    carried = set((desk.folder / "images/others.tar").read_text().splitlines())
    named = {one["image"] for one in compose()["services"].values()}
    assert carried == {one for one in named if not one.startswith("localhost/")}
    assert f"docker pull {min(carried)}" in desk.typed()
    manifests = desk.type("helm template takt helm/stadttakt --values my-values.yaml").stdout
    of_others = {
        one for one in images(list(yaml.safe_load_all(manifests))) if "localhost/" not in one
    }
    assert len(of_others) == 4
    assert set((desk.folder / "images/chart.tar").read_text().splitlines()) == of_others


def images(found: object) -> set[str]:
    """Return all that manifests say an image is, however deep."""
    if isinstance(found, list):
        return {name for one in found for name in images(one)}
    if not isinstance(found, dict):
        return set()
    keys = {"image", "imageName", "reference"}
    own = {one for key, one in found.items() if key in keys and isinstance(one, str)}
    return own.union(*(images(one) for one in found.values()))


def test_setup_is_made_by_the_image_where_no_python_is(desk: Desk) -> None:
    *_, made, tag, _ = printed(AIR_GAPPED, "## Air-gapped")
    told = desk.type(made + tag)
    assert told.returncode == 0, told.stdout + told.stderr
    secrets = desk.folder / "deploy/setup/secrets"
    assert (secrets / "registry-contact-key").exists()
    assert (secrets / "database-url.parking").exists()
    assert tags(desk)[-1] == "old"


def test_upgrade_without_a_network_loads_what_was_carried(desk: Desk) -> None:
    (archives := desk.folder.parent / "images").mkdir(exist_ok=True)
    (archives / "all.tar").touch()
    (commands,) = printed(AIR_GAPPED, "### Upgrade")
    told = desk.type(commands)
    assert told.returncode == 0, told.stderr
    assert desk.typed() == [
        "git pull --ff-only ../images/stadttakt.bundle HEAD",
        "docker load --input ../images/all.tar",
    ]


def test_checkout_comes_out_of_what_was_carried_and_is_brought_forward(tmp_path: Path) -> None:
    first, _, load, *_ = printed(AIR_GAPPED, "## Air-gapped")
    (bundle,) = (line for line in first.splitlines() if line.startswith("git bundle"))
    (forward,) = printed(AIR_GAPPED, "### Upgrade")
    commit = "git -c user.name=a -c user.email=a@example.org commit --quiet --allow-empty -m"
    script = f"""
    docker() {{ echo loaded; }}
    mkdir -p source/images
    touch source/images/all.tar
    ln -s source/images images
    (cd source; git init --quiet; {commit} old; {bundle})
    ({load})
    (cd source; {commit} new; {bundle})
    cd stadttakt
    {forward}
    git log --format=%s
    """
    told = subprocess.run(
        ["bash", "-euc", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[-2:] == ["new", "old"]
    assert told.stdout.count("loaded") == 2
