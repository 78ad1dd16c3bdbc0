# SPDX-License-Identifier: EUPL-1.2
"""The command line of the local stack: run, up, down, clean, status; each command is one story."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from stadttakt_local import layout, left_over, programs, welcome
from stadttakt_local.backing import Backing, backing
from stadttakt_local.errors import StackError
from stadttakt_local.images.command import images
from stadttakt_local.ports import free_or_any, require_free
from stadttakt_local.privileges import become_root, in_user_namespace, own_command
from stadttakt_local.progress import on_console
from stadttakt_local.readiness import wait_for
from stadttakt_local.root import ensure_root, lacking
from stadttakt_local.settings import Ports
from stadttakt_local.supervisor import supervise

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(images)
_console = Console()
_READY_S = 120.0
_STAND_IN_PORT = 8190
_APPROVER = ("--label", "approver of indicators", "--scope", "kpi:write", "--scope", "kpi:approve")


@app.command()
def run(simulate: Annotated[bool, typer.Option(help="with the simulator")] = True) -> None:
    """Bring everything up, tell what runs where, follow the logs, stop everything on Ctrl-C."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        status, word = _run(Ports.from_environment(), simulate=simulate)
    except KeyboardInterrupt:
        status, word = 130, "Interrupted before everything was up."
    if word:
        _console.print(f"[red]{escape(word)}[/red]", soft_wrap=True)
    _say("Stopped.")
    raise typer.Exit(status)


@app.command()
def up(broker: Annotated[bool, typer.Option(help="with the broker")] = True) -> None:
    """Start database and broker in the background."""
    if in_user_namespace():
        raise StackError(
            "Without root, no later command could see or stop what runs in the background.",
            "Use `make run`, or run as root.",
        )
    ports = Ports.from_environment()
    with left_over.only_run():
        _take_over()
        require_free(ports, "database", "broker")
        root = _root()
        _set_up(ports)
        servers = backing(root, ports)
        try:
            for server in (servers.postgres, *([servers.mosquitto] if broker else [])):
                server.start(outlive_parent=True)
                server.wait_ready()
        except BaseException:
            servers.stop()
            raise
    environment = programs.environment(servers.postgres.url, servers.mosquitto.url, layout.SETUP)
    programs.write_environment(layout.ENVIRONMENT, environment)
    _console.print(layout.ENVIRONMENT.read_text().rstrip(), soft_wrap=True, highlight=False)


@app.command()
def down() -> None:
    """Stop what `up` or `run` started, also what a killed run left."""
    was_running = left_over.stop_run()
    orphans = left_over.stop_orphans()
    servers = _existing()
    was_up = servers is not None and servers.is_running()
    if servers is not None:
        servers.stop()
    _say("Stopped." if was_running or orphans or was_up else "Nothing was running.")


@app.command()
def clean() -> None:
    """Stop everything and remove .local: root, data, logs and the administrator's key."""
    if os.environ.get("YES") != "1":
        typer.confirm(f"Remove {layout.LOCAL} with all data?", abort=True)
    down()
    if layout.LOCAL.exists():
        shutil.rmtree(layout.LOCAL)
    _say(f"Removed {layout.LOCAL}.")


@app.command()
def status() -> None:
    """Tell what is installed and what runs."""
    pid, servers = left_over.running_pid(), _existing()
    _say(f"run: {f'process {pid}' if pid else 'no'}")
    if servers is None:
        _say("root: not installed")
        return
    for server in (servers.postgres, servers.mosquitto):
        _say(
            f"{server.name}: {f'running on port {server.port}' if server.processes() else 'stopped'}"
        )


@app.command("await-ready", hidden=True)
def await_ready(ports: list[int]) -> None:
    """Wait until services are ready."""
    raise typer.Exit(1 if wait_for(ports, _READY_S) else 0)


@app.command("exec", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def execute(command: list[str]) -> None:
    """Run a command with the rights that the root needs, such as the tests."""
    os.execvp(command[0], command)  # noqa: S606


def main() -> None:
    """Run the command line; what is missing is told in words and ends with status 1."""
    try:
        if not {"--help", "await-ready"} & set(sys.argv[1:2]):
            become_root(own_command())
        app()
    except StackError as error:
        _console.print(
            f"[red]{escape(error.missing)}[/red]\n{escape(error.remedy)}", soft_wrap=True
        )
        sys.exit(1)
    except KeyboardInterrupt:
        _say("Stopped.")
        sys.exit(130)


def _run(ports: Ports, *, simulate: bool) -> tuple[int, str | None]:
    with left_over.only_run():
        _take_over()
        require_free(ports)
        root = _root()
        _set_up(ports)
        servers = backing(root, ports)
        _say("Starting database and broker ...")
        with servers.postgres, servers.mosquitto:
            environment = programs.environment(
                servers.postgres.url, servers.mosquitto.url, layout.SETUP
            )
            if simulate:
                environment |= programs.deliveries_to_stand_in()
            programs.write_environment(layout.ENVIRONMENT, environment)
            _prepare(environment, simulate=simulate)
            outcome = _run_programs(environment, ports, root, simulate=simulate)
            _say("Stopping broker and database ...")
    return outcome


def _take_over() -> None:
    left_over.stop_orphans()
    servers = _existing()
    if servers is not None and servers.is_running():
        _say("Stopping the database and broker that ran in the background ...")
        servers.stop()


def _root() -> Path:
    with on_console(_console) as report:
        root = ensure_root(report)
    for guarantee in lacking(root):
        _console.print(f"[yellow]Not guaranteed here: {escape(guarantee)}.[/yellow]")
    return root


def _existing() -> Backing | None:
    return backing(layout.ROOT, Ports.from_environment()) if layout.ROOT.exists() else None


def _prepare(environment: dict[str, str], *, simulate: bool) -> None:
    steps = [
        ("Migrating the schemas", "migrate"),
        ("Logins at the database", "logins", str(layout.SETUP / "secrets")),
        ("Applying the city", "city", "apply", "--retire", str(programs.city())),
        ("Administrator's key", "keys", "create-admin", "--file", str(layout.ADMIN_KEY)),
        ("Approver's key", "keys", "keep", "--file", str(layout.APPROVAL_KEY), *_APPROVER),
        ("Key of contact data", "registry", "new-key", "--keep", str(layout.CONTACT_KEY)),
    ]
    made_up = programs.city() / "demo" / "indicators.csv"
    if simulate and made_up.exists():
        steps.append(("Made-up values of indicators", "kpi", "demo", str(made_up)))
    for what, *arguments in steps:
        _say(f"{what} ...")
        _stadttakt(arguments, environment)


def _set_up(ports: Ports) -> None:
    """Have secrets, logins and rights at the broker written; what was drawn before stays."""
    broker = f"mqtt://127.0.0.1:{ports.broker}"
    _say("Logins and rights at the broker ...")
    arguments = ["setup", str(programs.city()), "--into", str(layout.SETUP), "--broker", broker]
    _stadttakt([*arguments, "--simulator"], dict(os.environ))


def _stadttakt(arguments: list[str], environment: dict[str, str]) -> None:
    stadttakt = str(Path(sys.executable).with_name("stadttakt"))
    outcome = subprocess.run([stadttakt, *arguments], env=environment, check=False)
    if outcome.returncode != 0:
        raise StackError(f"`stadttakt {' '.join(arguments)}` failed.", "See its message above.")


def _run_programs(
    environment: dict[str, str], ports: Ports, root: Path, *, simulate: bool
) -> tuple[int, str | None]:
    services = programs.services(ports)
    answering = [service.port for service in services if service.port is not None]
    simulator_url = programs.broker_url(layout.SETUP, "simulator")
    feeding = []
    if simulate:
        feeding = [_stand_in(environment), *programs.simulators(simulator_url, answering)]

    def greet(stopping: Callable[[], bool]) -> None:
        late = wait_for(answering, _READY_S, given_up=stopping)
        if not stopping():
            for port in late:
                _console.print(f"[yellow]The service on port {port} is not ready yet.[/yellow]")
            welcome.show(
                _console, [*services, *feeding], ports, root=root, key_file=layout.ADMIN_KEY
            )

    return supervise(
        [*services, *feeding], environment, output=sys.stdout, logs=layout.LOG, when_started=greet
    )


def _stand_in(environment: dict[str, str]) -> programs.Program:
    """Write what publisher and stand-in need to know of each other; return the stand-in."""
    port = free_or_any(_STAND_IN_PORT)
    subprocess.run(programs.stand_in_command(port, "--prepare"), env=environment, check=True)
    return programs.stand_in(port)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    _console.print(text, highlight=False, markup=False, soft_wrap=True)
