# SPDX-License-Identifier: EUPL-1.2
"""`python -m stadttakt_local images`: the story of one call."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stadttakt_local.errors import StackError
from stadttakt_local.images.base import build_base
from stadttakt_local.images.build import IMAGES, build_image
from stadttakt_local.images.builder import Builder, find_builder
from stadttakt_local.progress import on_console

WITHOUT_REGISTRY = "debootstrap"


def images(
    only: Annotated[list[str] | None, typer.Option(help="a service or `all`; repeatable")] = None,
    base: Annotated[
        str | None, typer.Option(help="base image; `debootstrap` makes one without a registry")
    ] = None,
    builder: Annotated[str | None, typer.Option(help="docker, podman or buildah")] = None,
    tag: Annotated[str, typer.Option(help="of all images")] = "latest",
    archive: Annotated[
        Path | None, typer.Option(help="a folder for files that `docker load` reads")
    ] = None,
) -> None:
    """Build the services' images."""
    chosen = only or list(IMAGES)
    if unknown := sorted(set(chosen) - set(IMAGES)):
        raise StackError(f"No such image: {', '.join(unknown)}.", f"There are {', '.join(IMAGES)}.")
    program = find_builder(builder)
    named = _base(program) if base == WITHOUT_REGISTRY else base
    for service in chosen:
        name = build_image(program, service, base=named, tag=tag)
        if archive is not None:
            program.archive(name, archive / f"{service}.tar")


def _base(program: Builder) -> str:
    with on_console(Console()) as report:
        return build_base(program, report)
