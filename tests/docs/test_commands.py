# SPDX-License-Identifier: EUPL-1.2
"""What the documents tell a reader to type exists: blocks say what they are, commands, options and targets are known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import typer
import yaml

from architecture.test_settings import SERVICES as SETTINGS
from architecture.tracked import ROOT
from stadttakt_runtime.cli import build
from support.documents import Block, blocks, inline_code

# To be typed: `sh`. The rest is to be read.
LANGUAGES = {
    *(
        "sh",
        "text",
        "json",
        "yaml",
        "csv",
        "toml",
        "python",
        "http",
        "haproxy",
        "nginx",
        "mermaid",
        "sql",
    ),
}
PROGRAMS = (
    r"stadttakt|curl|make|docker|podman|kubectl|helm|psql|python|mosquitto_\w+|deploy/\S+\.sh"
)
TYPED = re.compile(rf"^\s*(?:\w+=\S+ )*(?:{PROGRAMS}) ", re.MULTILINE)
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
PROFILES = {name for one in COMPOSE["services"].values() for name in one.get("profiles", ())}
TARGETS = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def said() -> Iterator[tuple[str, str]]:
    """Give document and text of every command that stands in running text or in an outline of options."""
    yield from inline_code()
    for block in blocks():
        if block.language == "text":
            yield block.document, " ".join(block.text.split())


def unknown_to_stadttakt(line: str) -> list[str]:
    """Return what a line has that the command line does not know: a command, an option."""
    words = re.sub(r"[\[\]()…,;]", " ", line).split()[1:]
    command: Any = typer.main.get_command(build())
    while words and (known := getattr(command, "commands", None)):
        name = words.pop(0)
        if "|" in name:
            return [each for each in name.split("|") if each not in known]
        if name.startswith("-"):
            return [name]
        if name not in known:
            return [name]
        command = known[name]
    options = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    return [word for word in words if word.startswith("--") and word not in options]


def unknown_to_make(line: str) -> list[str]:
    target = next((word for word in line.split()[1:] if "=" not in word), "help")
    return [] if target in TARGETS else [target]


VERBS = {"up", "run", "exec", "logs", "ps", "create", "stop", "config", "restart"}


def typed_to_compose() -> Iterator[tuple[str, str]]:
    """Give document and line of every command of compose that is to be typed."""
    for block in blocks():
        if block.language == "sh":
            lines = block.text.replace("\\\n", " ").splitlines()
            yield from ((block.document, one) for one in lines if one.startswith("docker compose "))


def unknown_to_compose(line: str) -> list[str]:
    words = line.split()
    pairs = list(pairwise(words))
    wrong = [file for option, file in pairs if option == "-f" and not (ROOT / file).is_file()]
    wrong += [name for option, name in pairs if option == "--profile" and name not in PROFILES]
    verb = next(word for word in words[2:] if word in VERBS)
    if verb in {"run", "exec", "logs"}:
        after = words[words.index(verb) + 1 :]
        wrong += [] if set(after) & set(COMPOSE["services"]) else [" ".join(after)]
    return wrong


def test_services_that_read_the_city_folder_start_anew_by_a_printed_line() -> None:
    after = [
        re.split(r" restart ", line)[1].split()
        for document, line in typed_to_compose()
        if document == "docs/how-to/commands.md" and " restart " in line
    ]
    readers = {
        name
        for name, one in COMPOSE["services"].items()
        if one.get("environment", {}).get("STADTTAKT_CITY") and name != "prepare"
    }
    assert len(readers) == len(SETTINGS)
    assert [set(one) for one in after] == [readers]


def absent_paths(line: str) -> list[str]:
    paths = re.findall(r"(?:deploy|helm)/[\w./-]*\w", line)
    made = ("deploy/setup", "deploy/cities/", "deploy/.env")
    return [path for path in paths if not path.startswith(made) and not (ROOT / path).exists()]


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_every_block_says_what_it_is_and_hides_no_command(block: Block) -> None:
    assert block.language in LANGUAGES, "name its language; what is to be typed is `sh`"
    outline = block.language == "text"
    assert block.language == "sh" or outline or not TYPED.search(block.text)


def test_commands_of_stadttakt_in_the_text_exist() -> None:
    lines = [one for one in said() if re.match(r"stadttakt \w", one[1])]
    assert len(lines) > 50
    assert [(*one, wrong) for one in lines if (wrong := unknown_to_stadttakt(one[1]))] == []


def test_pages_whose_commands_need_the_database_say_where_they_are_typed() -> None:
    of_the_checkout = r"setup|city (?:new|check|chart)|registry new-key"
    typed = re.compile(rf"^stadttakt (?!{of_the_checkout})[a-z]", re.MULTILINE)
    told = [(block.document, block.text) for block in blocks() if block.language == "sh"]
    pages = {name for name, text in (*told, *inline_code()) if typed.search(text)}
    pages = {name for name in pages if name.startswith(("docs/runbooks/", "docs/how-to/"))}
    pages -= {"docs/how-to/commands.md"}  # that page itself
    assert len(pages) > 25
    assert [name for name in sorted(pages) if "commands.md" not in (ROOT / name).read_text()] == []


def test_targets_of_make_in_the_text_exist() -> None:
    lines = [one for one in said() if re.match(r"(?:[A-Z_]+=\S+ )*make \w", one[1])]
    assert len(lines) > 20
    plain = [(name, line[line.index("make ") :]) for name, line in lines]
    assert [(*one, wrong) for one in plain if (wrong := unknown_to_make(one[1]))] == []


def test_what_compose_and_helm_are_told_in_the_text_is_there() -> None:
    lines = [one for one in said() if re.match(r"(?:docker compose|helm install|deploy/)", one[1])]
    composed = [one for one in lines if one[1].startswith("docker compose ")]
    composed += typed_to_compose()
    assert len(composed) > 15
    assert [(*one, wrong) for one in composed if (wrong := unknown_to_compose(one[1]))] == []
    assert [(*one, wrong) for one in lines if (wrong := absent_paths(one[1]))] == []


@pytest.mark.parametrize(
    ("check", "line", "wrong"),
    [
        (unknown_to_stadttakt, "stadttakt devices lost", ["lost"]),
        (unknown_to_stadttakt, "stadttakt keys create|loose", ["loose"]),
        (unknown_to_stadttakt, "stadttakt migrate uplink [--chek]", ["--chek"]),
        (unknown_to_make, "make SIMULATE=0 rum", ["rum"]),
        (unknown_to_compose, "docker compose --profile prod logs mosquito", ["prod", "mosquito"]),
        (absent_paths, "deploy/backup/archive.sh helm/stadtakt", ["helm/stadtakt"]),
    ],
)
def test_the_checks_would_find_what_does_not_exist(check: Any, line: str, wrong: list[str]) -> None:
    assert check(line) == wrong
