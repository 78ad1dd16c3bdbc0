# SPDX-License-Identifier: EUPL-1.2
"""The command line `stadttakt`: hosts the platform's commands and those of the services."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint

import typer

from stadttakt_runtime import plugins
from stadttakt_runtime.commands.output import err
from stadttakt_runtime.secret_files import into_environment

PLATFORM = {
    "migrate": "migrate:migrate_command",
    "openapi": "openapi:openapi_command",
    "setup": "setup:setup_command",
    "reader": "reader:reader_command",
    "logins": "logins:logins_command",
    "keys": "keys:app",
    "city": "city:app",
}
"""The platform's own commands, by where they are in `stadttakt_runtime.commands`."""


def build(asked: str | None = None) -> typer.Typer:
    """Return the command line with all commands; with that one alone where one of them is `asked` for.

    To import them all takes seconds of computing, which each call of one would wait for.
    """
    app = typer.Typer(
        name="stadttakt", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
    )
    app.callback(help="Stadttakt, the open platform on which a city's sensors become useful.")(
        lambda: None
    )
    known = {**_of_the_platform(), **plugins.installed(plugins.COMMANDS)}
    for name in [asked] if asked in known else known:
        commands = plugins.loaded(known[name])
        if isinstance(commands, typer.Typer):
            app.add_typer(commands, name=name)
        else:
            app.command(name)(commands)
    return app


def main() -> None:
    """Run the command line."""
    try:
        into_environment()
        build(next((each for each in sys.argv[1:] if not each.startswith("-")), None))()
    except (plugins.PluginError, OSError) as error:
        err.print(f"error: {error}", markup=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _of_the_platform() -> dict[str, EntryPoint]:
    return {
        name: EntryPoint(name, f"stadttakt_runtime.commands.{where}", plugins.COMMANDS)
        for name, where in PLATFORM.items()
    }
