# SPDX-License-Identifier: EUPL-1.2
"""deploy/compose.yaml: valid by the compose specification, whole, and understood by every service."""

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose
from typer.testing import CliRunner

from architecture.test_settings import SERVICES as SETTINGS
from stadttakt_local.images.build import IMAGES
from stadttakt_local.mosquitto import _CONFIGURATION
from stadttakt_runtime import plugins
from stadttakt_runtime.cli import build
from stadttakt_runtime.mqtt import MqttOptions

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "deploy"
SERVICES = {name: port for name, port in IMAGES.items() if name != "all"}
# As whom an image's process reads files, by the image's own documentation; the services' stands in deploy/Dockerfile.
READS_AS = {
    "localhost/stadttakt": 10001,
    # the entry point reads POSTGRES_PASSWORD_FILE before it becomes `postgres`
    "timescale/timescaledb": 0,
    "eclipse-mosquitto": 1883,
    "grafana/grafana-oss": 472,
    "nginxinc/nginx-unprivileged": 101,
    "prom/prometheus": 65534,
    "prom/alertmanager": 65534,
    "prom/node-exporter": 65534,
    "prom/blackbox-exporter": 0,
}
# What libraries read: those of the database (docs/how-to/certificates.md), uvicorn.
FOREIGN = {"PGSSLMODE", "PGSSLROOTCERT", "STADTTAKT_SECRET_FILES", "FORWARDED_ALLOW_IPS"}
each_service = pytest.mark.parametrize("name", SERVICES)


def read(**variables: str) -> dict[str, Any]:
    """Return the file as compose reads it: variables put in, merges and anchors resolved."""

    def value(match: re.Match[str]) -> str:
        return variables.get(match[1], match[2])

    text = re.sub(r"\$\{(\w+):-([^}]*)\}", value, (FOLDER / "compose.yaml").read_text())
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `stadttakt setup` writes with the arguments that the file's first lines name."""
    head = (FOLDER / "compose.yaml").read_text().split("name: stadttakt")[0]
    command = re.search(r"stadttakt (setup .*?--simulator)", head, re.DOTALL)
    assert command is not None
    arguments = re.sub(r"\\\n#", "", command[1]).split()
    folder = tmp_path_factory.mktemp("setup")
    arguments[arguments.index("--into") + 1] = str(folder)
    arguments[1] = str(PROJECT / arguments[1])
    outcome = CliRunner().invoke(build(), arguments)
    assert outcome.exit_code == 0, outcome.output
    key = folder / "secrets/registry-contact-key"
    assert CliRunner().invoke(build(), ["registry", "new-key", str(key)]).exit_code == 0
    return folder


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"STADTTAKT_TIMESCALE_IMAGE": "timescale/timescaledb:2.31.0-pg18"},
        {"STADTTAKT_BROKER_LISTENERS": "tls", "STADTTAKT_BROKER_TLS_PORT": "8883"},
        {"STADTTAKT_SETUP": "/srv/setup", "STADTTAKT_TAG": "1.0", "STADTTAKT_HTTPS_PORT": "8443"},
    ],
)
def test_file_is_valid_by_the_compose_specification(variables: dict[str, str]) -> None:
    compose = PyCompose.from_yaml(json.dumps(read(**variables)))
    assert set(SERVICES) < set(compose.service_names())


def test_the_check_would_find_a_misspelt_key() -> None:
    loaded = read()
    loaded["services"]["mosquitto"]["prots"] = []
    with pytest.raises(ValueError, match="prots"):
        PyCompose.from_yaml(json.dumps(loaded))


@each_service
def test_service_runs_on_its_port_without_rights(name: str) -> None:
    service, port = read()["services"][name], SERVICES[name]
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert service["build"]["args"] == {"SERVICE": name, "PORT": str(port)}
    assert service["depends_on"]["prepare"]["condition"] == "service_completed_successfully"
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]


@each_service
def test_service_understands_what_it_is_given(
    name: str, setup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose = read(STADTTAKT_SETUP=str(setup))
    service, model = compose["services"][name], SETTINGS[name]
    for secret in (one for one in service["secrets"] if isinstance(one, dict)):
        content = Path(compose["secrets"][secret["source"]]["file"]).read_text()
        (tmp_path / secret["target"]).write_text(content)
    prefixes = ("STADTTAKT_", str(model.model_config.get("env_prefix")))
    for variable, value in service["environment"].items():
        known = {f"{prefix}{field}".upper() for prefix in prefixes for field in model.model_fields}
        assert variable in known | FOREIGN
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("STADTTAKT_SECRET_FILES", str(tmp_path))
    settings = model()
    mqtt = MqttOptions.from_settings(settings, client_id="c")
    assert (mqtt.host, mqtt.port, mqtt.username) == ("mosquitto", 1883, name)
    assert mqtt.password == (setup / "secrets" / f"mqtt-password.{name}").read_text()
    schema = str(model.model_config.get("env_prefix")).split("_")[1].lower()
    password = (setup / f"secrets/database-password.{schema}").read_text()
    assert settings.database_url.get_secret_value() == (
        f"postgresql://{schema}_login:{password}@timescaledb:5432/stadttakt"
    )
    assert str(settings.city) == "/city"
    if name == "measure-registry":
        assert settings.model_dump()["smtp_url"] is None
    if name == "kpi-aggregator":
        secret = settings.model_dump()["pseudonym_secret"]
        drawn = (setup / "secrets/kpi-pseudonym-secret").read_text()
        assert secret.get_secret_value() == drawn
    if name == "vehicle-occupancy":
        assert settings.model_dump()["publication_secret"] is not None


def test_links_of_feeds_begin_with_the_public_address() -> None:
    public = "https://stadt.example"
    publisher = read(STADTTAKT_PORTAL_URL=public)["services"]["open-data-publisher"]
    assert publisher["environment"]["STADTTAKT_OPENDATA_PUBLIC_URL"] == public


def test_mails_and_logins_of_the_registry_come_from_variables_and_secret_files(
    setup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "STADTTAKT_IDEAS_URL": "https://stadt.example/ideen",
        "STADTTAKT_MAIL_FROM": "ideen@stadt.example",
        "STADTTAKT_OIDC_ISSUER": "https://konto.stadt.example",
        "STADTTAKT_OIDC_CLIENT_ID": "stadttakt",
        "STADTTAKT_SETUP": str(setup),
    }
    secrets = {"smtp-url": "smtps://u:p@mail.example", "oidc-client-secret": "s3cret", "oidc-roles": '{"Planung": ["registry:rate"]}'}  # fmt: skip
    service = read(**given)["services"]["measure-registry"]
    for one in service["secrets"]:
        if isinstance(one, dict) and one["source"] in secrets:
            (tmp_path / one["target"]).write_text(secrets.pop(one["source"]))
    assert secrets == {}
    for variable, value in service["environment"].items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("STADTTAKT_SECRET_FILES", str(tmp_path))
    settings = SETTINGS["measure-registry"]().model_dump()
    assert settings["smtp_url"].get_secret_value() == "smtps://u:p@mail.example"
    assert settings["oidc_client_secret"].get_secret_value() == "s3cret"
    assert settings["oidc_roles"] == {"Planung": {"registry:rate"}}
    assert (settings["mail_from"], settings["public_url"]) == (
        "ideen@stadt.example",
        "https://stadt.example/ideen",
    )


def test_the_portals_menu_leads_to_the_ideas() -> None:
    ideas = "https://stadt.example/ideen"
    publisher = read(STADTTAKT_IDEAS_URL=ideas)["services"]["open-data-publisher"]
    assert publisher["environment"]["STADTTAKT_OPENDATA_IDEAS_URL"] == ideas


def test_publisher_finds_what_it_delivers_with(setup: Path) -> None:
    publisher = read(STADTTAKT_SETUP=str(setup))["services"]["open-data-publisher"]
    folder = publisher["environment"]["STADTTAKT_OPENDATA_SECRETS"]
    mounted = dict(
        reversed(volume.removesuffix(":ro").split(":")) for volume in publisher["volumes"]
    )
    assert Path(mounted[folder]).is_dir()
    assert mounted["/city"] == "./cities/halle"
    assert mounted["/trust"] == str(setup / "trust")


def test_what_the_file_names_is_there(setup: Path) -> None:
    compose = read(STADTTAKT_SETUP=str(setup))
    for secret in compose["secrets"].values():
        assert Path(secret["file"]).is_file()
    for service in compose["services"].values():
        if build_of := service.get("build"):
            assert (FOLDER / build_of["context"] / build_of["dockerfile"]).is_file()
        for volume in service.get("volumes", ()):
            source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
            if source.startswith("."):
                assert (FOLDER / source).exists(), source
            elif "/" not in source:
                assert source in compose["volumes"]
        for secret in service.get("secrets", ()):
            assert (secret if isinstance(secret, str) else secret["source"]) in compose["secrets"]
        for other in service.get("depends_on", ()):
            assert other in compose["services"]


def test_services_find_each_other_by_names_that_the_file_has() -> None:
    services = read()["services"]
    for service in services.values():
        environment = service.get("environment", {})
        for value in (v for k, v in environment.items() if k.endswith("_URL") and v):
            host, port = re.fullmatch(r"http://([a-z-]+):(\d+)", value).groups()  # type: ignore[union-attr]
            assert SERVICES[host] == int(port)
            assert host in services


def test_owners_login_is_with_prepare_alone() -> None:
    given: dict[str, set[str]] = {}
    for name, service in read()["services"].items():
        for secret in service.get("secrets", ()):
            given.setdefault(secret if isinstance(secret, str) else secret["source"], set()).add(
                name
            )
    assert given["database-url"] == {"prepare"}
    assert given["database-password"] == {"timescaledb"}
    own = {key: names for key, names in given.items() if key.startswith("database-url.")}
    assert sorted(map(sorted, own.values())) == sorted([name] for name in SERVICES)
    for schema in plugins.load(plugins.MIGRATIONS):
        assert given[f"database-password.{schema}"] == {"prepare"}
    prepare = read()["services"]["prepare"]["entrypoint"][2]
    assert prepare.startswith("stadttakt migrate --wait 600; stadttakt logins /run/secrets; ")


def test_no_secret_stands_in_the_file() -> None:
    for name, service in read()["services"].items():
        for variable, value in (service.get("environment") or {}).items():
            is_secret = re.search(r"PASSWORD|SECRET$|TOKEN|KEY", variable)
            assert not is_secret or str(value).startswith("/run/secrets/"), (name, variable)


def test_nothing_but_the_proxy_listens_on_the_network() -> None:
    for name, service in read()["services"].items():
        ports = service.get("ports", ())
        assert name == "proxy" or all(port.startswith("127.0.0.1:") for port in ports), name


def test_profiles_hold_what_they_promise() -> None:
    services = read()["services"]
    of = {name: set(service.get("profiles", ())) for name, service in services.items()}
    assert of["simulator"] == {"demo"}
    assert of["proxy"] == {"production"}
    assert all(not of[name] for name in (*SERVICES, "timescaledb", "mosquitto", "prepare"))


def test_database_is_the_apache_edition_unless_somebody_chooses() -> None:
    assert read()["services"]["timescaledb"]["image"].endswith("-oss")


@pytest.mark.parametrize("listeners", ["plain", "tls"])
def test_every_file_that_the_broker_is_told_of_is_mounted(listeners: str) -> None:
    broker = read(STADTTAKT_BROKER_LISTENERS=listeners)["services"]["mosquitto"]
    mounted = {
        target: source
        for source, target, *_ in (one.split(":") for one in broker["volumes"])
        if target != "/mosquitto/data"
    }
    own = FOLDER / mounted["/mosquitto/listeners"] / "listeners.conf"
    texts = [(FOLDER / "mosquitto/mosquitto.conf").read_text(), own.read_text()]
    named = [
        word
        for word in (*" ".join(texts).split(), *broker["command"])
        if word.startswith("/mosquitto/") and word != "/mosquitto/data"
    ]
    assert len(named) > 5
    assert [one for one in named if not any(one.startswith(path) for path in mounted)] == []
    ports = set(re.findall(r"^listener (\d+)$", own.read_text(), re.MULTILINE))
    assert ports == ({"1883"} if listeners == "plain" else {"1883", "8883"})
    assert ports <= {port.rpartition(":")[2] for port in broker["ports"]}


def test_the_container_broker_keeps_as_much_as_the_local_one() -> None:
    def limits(text: str) -> set[str]:
        names = ("max_", "plugin_opt", "persistent_client", "set_tcp")
        return {line for line in text.splitlines() if line.startswith(names)}

    container = limits((FOLDER / "mosquitto/mosquitto.conf").read_text())
    assert limits(_CONFIGURATION) < container
    assert "plugin_opt_flush_period 0" in container


def owned(setup: Path, at: Path) -> Path:
    """Return a copy of the folder that belongs to whom the page about installing says."""
    shutil.copytree(setup, at / "deploy/setup")
    page = (PROJECT / "docs/how-to/install-one-server.md").read_text()
    # an upgrade says the same
    commands = list(dict.fromkeys(re.findall(r"^ *(chown .*)$", page, re.MULTILINE)))
    assert len(commands) == 4
    for command in commands:
        subprocess.run(["sh", "-ec", command], cwd=at, check=True)
    return at / "deploy/setup"


def unreadable(folder: Path) -> list[str]:
    """Return which file below the folder is for a container whose user may not read it."""
    compose = read(STADTTAKT_SETUP=str(folder))
    wrong = []
    for name, service in compose["services"].items():
        user = next(uid for image, uid in READS_AS.items() if service["image"].startswith(image))
        used = (
            one if isinstance(one, str) else one["source"] for one in service.get("secrets", ())
        )
        files = [Path(compose["secrets"][secret]["file"]) for secret in used]
        mounted = (one.split(":")[0] for one in service.get("volumes", ()) if isinstance(one, str))
        for one in (Path(one) for one in mounted if one.startswith(str(folder))):
            files += [one, *one.rglob("*")] if one.is_dir() else []
        # root reads what is others' only with the capability for it
        everything = user == 0 and "DAC_OVERRIDE" in service.get("cap_add", ())
        for file in files:
            found = file.stat()
            own = stat.S_IRUSR if found.st_uid == user else stat.S_IROTH
            if not everything and not found.st_mode & own:
                wrong.append(f"{name}: {file.relative_to(folder)}")
    return wrong


def test_every_container_reads_its_secrets_and_nobody_else_on_the_server(
    setup: Path, tmp_path: Path
) -> None:
    assert "USER 10001:10001" in (FOLDER / "Dockerfile").read_text()
    folder = owned(setup, tmp_path)
    assert unreadable(folder) == []
    for file in (one for one in folder.rglob("*") if one.is_file()):
        # whom to trust is no secret, and everybody's to read
        assert not file.stat().st_mode & (0o002 if file.parent.name == "trust" else 0o007), file
    os.chown(folder / "grafana/admin-password", 10001, -1)
    assert unreadable(folder) == ["grafana: grafana/admin-password"]


def test_database_reads_its_key_as_its_own_user_and_nobody_else_does(
    setup: Path, tmp_path: Path
) -> None:
    for name in ("tls.key", "tls.crt"):
        found = (owned(setup, tmp_path / name) / "database" / name).stat()
        # `postgres` of the image, which is built on Alpine; PostgreSQL refuses a key that a group of its own may read
        assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (70, 0o600)


def test_every_file_that_the_database_is_told_of_is_mounted(setup: Path) -> None:
    database = read(STADTTAKT_SETUP=str(setup))["services"]["timescaledb"]
    mounted = dict(reversed(one.removesuffix(":ro").split(":")) for one in database["volumes"])
    own = re.compile(r"/(?:etc|tls)/\S+")
    named = [path for option in database["command"] for path in own.findall(option)]
    assert len(named) == 5
    for path in map(Path, named):
        source = next(mounted[str(at)] for at in (path, path.parent) if str(at) in mounted)
        here = FOLDER / source
        assert (here if here.is_file() else here / path.name).is_file(), path


def test_whoever_comes_to_the_database_checks_its_certificate(setup: Path) -> None:
    services = read(STADTTAKT_SETUP=str(setup))["services"]
    trusted = services["prepare"]["environment"]["PGSSLROOTCERT"]
    for name in (*SERVICES, "prepare"):
        assert services[name]["environment"]["PGSSLMODE"] == "verify-full"
        assert services[name]["environment"]["PGSSLROOTCERT"] == trusted
    provisioned = (FOLDER / "grafana/provisioning/datasources/stadttakt.yaml").read_text()
    (source,) = [
        one for one in yaml.safe_load(provisioned)["datasources"] if one["uid"] == "timescaledb"
    ]
    assert source["jsonData"]["sslmode"] == "verify-full"
    assert source["jsonData"]["sslRootCertFile"] == trusted
    for name in (*SERVICES, "prepare", "grafana"):
        assert f"{setup / 'trust'}:/trust:ro" in services[name]["volumes"]
    assert (setup / "trust" / Path(trusted).name).is_file()


def test_setup_run_again_leaves_files_to_whom_they_belong(setup: Path, tmp_path: Path) -> None:
    folder = owned(setup, tmp_path)
    (folder / "secrets/database-url").chmod(0o440)
    before = {file: file.stat() for file in folder.rglob("*")}
    removed = folder / "secrets/mqtt-password.parking-occupancy"
    old = removed.read_text()
    removed.unlink()
    (folder / "secrets/smtp-url").unlink()
    again = ["setup", str(PROJECT / "deploy/cities/halle"), "--into", str(folder), "--simulator"]
    database = ["--database", "postgresql://stadttakt@timescaledb:5432/stadttakt"]
    outcome = CliRunner().invoke(build(), [*again, *database])
    assert outcome.exit_code == 0, outcome.output
    assert removed.read_text() != old
    assert {file: (one.st_uid, one.st_mode) for file, one in before.items()} == {
        file: (file.stat().st_uid, file.stat().st_mode) for file in folder.rglob("*")
    }
    assert unreadable(folder) == []
