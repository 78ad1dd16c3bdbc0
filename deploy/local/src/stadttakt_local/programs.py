# SPDX-License-Identifier: EUPL-1.2
"""The platform's own programs on this machine: how each is started and where it answers; starts none."""

import os
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from stadttakt_local.layout import CONTACT_KEY, MOBILITHEK, PROJECT
from stadttakt_local.settings import Ports

CITY = PROJECT / "deploy/cities/halle"
# Whoever looks for what a killed run left behind knows its processes by this variable.
MARK = "STADTTAKT_LOCAL_RUN"
KEY_OF_CONTACTS = "STADTTAKT_REGISTRY_CONTACT_KEY_FILE"
_SERVICES = {
    "uplink": "uplink_decoder",
    "parking": "parking_occupancy",
    "transit": "vehicle_occupancy",
    "kpi": "kpi_aggregator",
    "opendata": "open_data_publisher",
    "registry": "measure_registry",
}


@dataclass(frozen=True)
class Program:
    """A program to be kept running; with a port, it is ready when /ready answers there."""

    name: str
    command: tuple[str, ...]
    port: int | None = None
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def shell_command(self) -> str:
        """The command for a shell; the program dies with its parent."""
        return "exec setpriv --pdeathsig TERM -- " + shlex.join(self.command)


def services(ports: Ports) -> list[Program]:
    """Return the six services; each is told where it listens, and where the others do."""
    others = {
        f"STADTTAKT_{name.upper()}_URL": f"http://127.0.0.1:{getattr(ports, name)}"
        for name in _SERVICES
    }
    others["STADTTAKT_OPENDATA_PUBLIC_URL"] = others["STADTTAKT_OPENDATA_URL"]
    others["STADTTAKT_KPI_PUBLIC_URL"] = others["STADTTAKT_KPI_URL"]
    others["STADTTAKT_IDEAS_URL"] = f"http://127.0.0.1:{ports.registry}/"
    return [
        Program(
            module.replace("_", "-"),
            (sys.executable, "-m", module),
            getattr(ports, name),
            {**others, f"STADTTAKT_{name.upper()}_HTTP_PORT": str(getattr(ports, name))},
        )
        for name, module in _SERVICES.items()
    ]


def own_broker_urls(setup: Path) -> dict[str, str]:
    """Return the variables by which each service logs in at the broker as itself."""
    return {
        f"STADTTAKT_{name.upper()}_MQTT_URL": broker_url(setup, module.replace("_", "-"))
        for name, module in _SERVICES.items()
    }


def own_database_urls(database_url: str, setup: Path) -> dict[str, str]:
    """Return the variables by which each service logs in at the database as itself."""
    parts = urlsplit(database_url)
    where = parts.netloc.rpartition("@")[2]
    found = {}
    for name in _SERVICES:
        password = (setup / "secrets" / f"database-password.{name}").read_text()
        own = parts._replace(netloc=f"{name}_login:{quote(password, safe='')}@{where}")
        found[f"STADTTAKT_{name.upper()}_DATABASE_URL"] = own.geturl()
    return found


def broker_url(setup: Path, user: str) -> str:
    """Return the broker's URL with the login of a user, as `stadttakt setup` wrote it."""
    return (setup / "secrets" / f"mqtt-url.{user}").read_text()


def simulators(mqtt_url: str, ports: list[int]) -> list[Program]:
    """Return the simulators, which wait for the services: before their first subscription nobody listens."""
    return [
        _simulator("simulator", "run", mqtt_url, ports),
        _simulator("vehicles", "transit", mqtt_url, ports),
    ]


def stand_in(port: int) -> Program:
    """Return the stand-in for the Mobilithek, which takes what the publisher delivers."""
    return Program("mobilithek", stand_in_command(port))


def stand_in_command(port: int, *more: str) -> tuple[str, ...]:
    """Return the stand-in's command; with `--prepare` it writes its folder and leaves."""
    folder = str(MOBILITHEK)
    module = (sys.executable, "-m", "stadttakt_simulators", "mobilithek")
    return (*module, "--folder", folder, "--port", str(port), *more)


def deliveries_to_stand_in() -> dict[str, str]:
    """Return what makes the publisher deliver to the stand-in and to nobody else."""
    return {
        "STADTTAKT_OPENDATA_TARGETS": str(MOBILITHEK / "targets.yaml"),
        "STADTTAKT_OPENDATA_SECRETS": str(MOBILITHEK),
    }


def _simulator(name: str, command: str, mqtt_url: str, ports: list[int]) -> Program:
    python = shlex.quote(sys.executable)
    wait = f"{python} -m stadttakt_local await-ready {' '.join(map(str, ports))}"
    run = [
        sys.executable,
        "-m",
        "stadttakt_simulators",
        command,
        "--city",
        str(city()),
        "--mqtt-url",
        mqtt_url,
    ]
    return Program(name, ("sh", "-c", f"{wait} && exec {shlex.join(run)}"))


def city() -> Path:
    """Return the city's folder: STADTTAKT_CITY, or Halle."""
    return Path(os.environ.get("STADTTAKT_CITY") or CITY).resolve()


def environment(database_url: str, mqtt_url: str, setup: Path) -> dict[str, str]:
    """Return the environment of every program and command of the platform."""
    return {
        "STADTTAKT_LOG_FORMAT": "console",
        **os.environ,
        **own_broker_urls(setup),
        **own_database_urls(database_url, setup),
        "STADTTAKT_DATABASE_URL": database_url,
        "STADTTAKT_MQTT_URL": mqtt_url,
        "STADTTAKT_CITY": str(city()),
        KEY_OF_CONTACTS: str(CONTACT_KEY),
        "PYTHONUNBUFFERED": "1",
        MARK: str(PROJECT),
    }


def write_environment(path: Path, environment: dict[str, str]) -> None:
    """Write what the command line `stadttakt` needs, to be sourced by a shell; for its owner only."""
    names = ["STADTTAKT_DATABASE_URL", "STADTTAKT_MQTT_URL", "STADTTAKT_CITY", KEY_OF_CONTACTS]
    names += [f"STADTTAKT_{name.upper()}_MQTT_URL" for name in _SERVICES]
    names += [name for name in deliveries_to_stand_in() if name in environment]
    lines = [f"export {name}={shlex.quote(environment[name])}\n" for name in names]
    path.touch(mode=0o600)
    path.write_text("".join(lines))
