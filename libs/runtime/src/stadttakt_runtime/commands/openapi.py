# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt openapi`: writes the OpenAPI document of every installed service, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from stadttakt_runtime import plugins
from stadttakt_runtime.commands.output import fail, out

OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


def openapi_command(
    folder: Annotated[Path, typer.Argument(help="folder of <service>.json")],
    *,
    check: Annotated[
        bool, typer.Option("--check", help="write nothing; exit 1 if a file differs")
    ] = False,
) -> None:
    """Write the OpenAPI documents; removes those of services that are gone."""
    wanted = documents()
    stale = _differing(folder, wanted)
    if check:
        if stale:
            raise fail(f"not up to date: {', '.join(stale)}; run: stadttakt openapi {folder}")
        return
    folder.mkdir(parents=True, exist_ok=True)
    for file_name in stale:
        if file_name in wanted:
            (folder / file_name).write_bytes(wanted[file_name])
        else:
            (folder / file_name).unlink()
        out.print(str(folder / file_name), markup=False)


def documents() -> dict[str, bytes]:
    """Return the documents by file name."""
    apps = plugins.load(plugins.APPS)
    return {
        f"{name}.json": orjson.dumps(create_app().openapi(), option=OPTIONS)
        for name, create_app in apps.items()
    }


def _differing(folder: Path, wanted: dict[str, bytes]) -> list[str]:
    present = {file.name: file.read_bytes() for file in folder.glob("*.json")}
    names = sorted(wanted.keys() | present.keys())
    return [name for name in names if wanted.get(name) != present.get(name)]
