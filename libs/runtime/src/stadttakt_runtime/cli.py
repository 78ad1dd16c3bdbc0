# SPDX-License-Identifier: EUPL-1.2
"""The command line `stadttakt`: hosts the platform's commands and those of the services."""

from __future__ import annotations

import sys

import typer

from stadttakt_runtime import plugins
from stadttakt_runtime.commands import city, keys
from stadttakt_runtime.commands.logins import logins_command
from stadttakt_runtime.commands.migrate import migrate_command
from stadttakt_runtime.commands.openapi import openapi_command
from stadttakt_runtime.commands.output import err
from stadttakt_runtime.commands.reader import reader_command
from stadttakt_runtime.commands.setup import setup_command
from stadttakt_runtime.secret_files import into_environment


def build() -> typer.Typer:
    """Return the command line with the commands of all installed services."""
    app = typer.Typer(
        name="stadttakt",
        help="Stadttakt, the open platform on which a city's sensors become useful.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.command("migrate")(migrate_command)
    app.command("openapi")(openapi_command)
    app.command("setup")(setup_command)
    app.command("reader")(reader_command)
    app.command("logins")(logins_command)
    app.add_typer(keys.app, name="keys")
    app.add_typer(city.app, name="city")
    for name, commands in plugins.load(plugins.COMMANDS).items():
        app.add_typer(commands, name=name)
    return app


def main() -> None:
    """Run the command line."""
    try:
        into_environment()
        build()()
    except (plugins.PluginError, OSError) as error:
        err.print(f"error: {error}", markup=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
