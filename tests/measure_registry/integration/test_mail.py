# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI

from measure_registry.mailer import Mailer
from measure_registry.metrics import MAILS
from measure_registry.settings import Settings
from support.asking import asker
from support.ideas import ANY, IDEA, PERSON, WHY, move, registry, submit
from support.postbox import Postbox, taking_mails


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, str]]:
    with taking_mails() as both:
        yield both


@asynccontextmanager
async def mailing(database_url: str, smtp_url: str) -> AsyncIterator[tuple[Any, FastAPI, Mailer]]:
    settings = {
        "smtp_url": smtp_url,
        "mail_from": "ideen@stadt.example",
        "public_url": "https://stadt.example/ideen",
    }
    async with registry(database_url, **settings) as (http, app):
        mailer = Mailer(Settings(**settings), app.state.database, app.state.vault)  # type: ignore[arg-type]
        yield http, app, mailer


async def send_all(mailer: Mailer) -> int:
    count = 0
    while await mailer.send_next():
        count += 1
    return count


async def test_who_submits_gets_a_mail_whose_link_opens_the_status(
    database_url: str, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    async with mailing(database_url, url) as (http, _, mailer):
        taken = await submit(http, contact=PERSON)
        await submit(http)
        assert await send_all(mailer) == 1
        (mail,) = box.mails
        assert (mail["To"], mail["From"]) == (PERSON["email"], "ideen@stadt.example")
        assert mail["Subject"] == "Ihre Idee ist angekommen (idea-0001)"
        text = mail.get_content()
        link = next(line for line in text.splitlines() if line.startswith("https://"))
        assert link == f"https://stadt.example/ideen/stand/{taken['status_token']}"
        status = await http.get(link.removeprefix("https://stadt.example/ideen"))
        assert taken["title"] in status.text
        assert await send_all(mailer) == 0


async def test_a_move_is_told_in_the_language_of_who_submitted(
    database_url: str, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    async with mailing(database_url, url) as (http, _, mailer):
        ask = asker(http, database_url)
        idea_id = (await submit(http, contact=PERSON, language="en"))["idea_id"]
        await ask("POST", f"/v1/ideas/{idea_id}/transitions", "registry:admin",
                  json={"to": "zurueckgestellt", **WHY})  # fmt: skip
        assert await send_all(mailer) == 2
        assert "is now: deferred." in box.mails[1].get_content()
        assert WHY["reason"] not in box.mails[1].get_content()


async def test_who_submitted_what_was_merged_or_split_is_told_how_it_goes_on(
    database_url: str, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    async with mailing(database_url, url) as (http, _, mailer):
        ask = asker(http, database_url)
        merged = await submit(http, title="Bänke am Fluss", contact=PERSON)
        target = (await submit(http, title="Sitzplätze überall"))["idea_id"]
        await send_all(mailer)
        into = {"into": target, **WHY}
        path = f"/v1/ideas/{merged['idea_id']}"
        assert (
            await ask("POST", f"{path}:merge", "registry:write", headers=ANY, json=into)
        ).is_success
        await send_all(mailer)
        told = box.mails[-1].get_content()
        assert box.mails[-1]["To"] == PERSON["email"]
        assert "„Bänke am Fluss“ ist, vielleicht zusammen mit anderen, eine andere Idee" in told
        assert "eingereicht" in told
        status = await http.get(f"/stand/{merged['status_token']}")
        assert "Eine andere Idee (eingereicht)" in status.text
        assert "Sitzplätze überall" not in told + status.text
        await ask("POST", f"/v1/ideas/{target}:publish", "registry:write", headers=ANY, json=WHY)
        assert (await move(ask, target, "gesichtet")).is_success
        status = await http.get(f"/stand/{merged['status_token']}")
        assert f'<a href="/ideen/idee/{target}">Sitzplätze überall</a> (gesichtet)' in status.text
        parts = [{"title": f"Teil {n}", "summary": "Ein Teil der Sitzplätze.", "handlungsfeld": "mobilitaet"} for n in (1, 2)]  # fmt: skip
        split = await ask("POST", f"/v1/ideas/{target}:split", "registry:write", headers=ANY, json={"parts": parts, **WHY})  # fmt: skip
        part = split.json()["items"][0]["idea_id"]
        assert (await move(ask, part, "abgelehnt")).is_success
        assert await send_all(mailer) == 3
        assert "„Sitzplätze überall“ geworden. Der Stand ist jetzt: gesichtet" in box.mails[-3].get_content()  # fmt: skip
        assert "in mehrere Ideen geteilt" in box.mails[-2].get_content()
        assert "eine andere Idee geworden" in box.mails[-1].get_content()
        status = await http.get(f"/stand/{merged['status_token']}")
        assert "Eine andere Idee (abgelehnt)" in status.text


async def test_who_submitted_an_idea_that_is_split_is_told_once_and_finds_its_parts(
    database_url: str, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    async with mailing(database_url, url) as (http, _, mailer):
        ask = asker(http, database_url)
        taken = await submit(http, contact=PERSON)
        await send_all(mailer)
        parts = [{**IDEA, "title": f"Teil {n} der Idee"} for n in (1, 2, 3)]
        split = f"/v1/ideas/{taken['idea_id']}:split"
        body = {"parts": parts, **WHY}
        assert (await ask("POST", split, "registry:write", headers=ANY, json=body)).is_success
        assert await send_all(mailer) == 1
        told = box.mails[-1]
        assert (told["To"], "mehrere Ideen geteilt" in told.get_content()) == (
            PERSON["email"],
            True,
        )
        link = re.search(r"https://\S+(/stand/\S+)", told.get_content())
        assert link
        assert (await http.get(link[1])).text.count("Eine andere Idee (eingereicht)") == 3


async def test_a_server_that_is_away_is_tried_later_and_nothing_is_lost(
    database_url: str, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    async with mailing(database_url, url) as (http, app, mailer):
        await submit(http, contact=PERSON)
        box.answer = "451 try later"
        assert await send_all(mailer) == 1
        assert box.mails == []
        box.answer = "250 taken"
        assert await send_all(mailer) == 0
        async with app.state.database.transaction() as connection:
            await connection.execute("update mail set due_at = now()")
        assert await send_all(mailer) == 1
        assert len(box.mails) == 1


async def test_a_server_that_drags_the_dialogue_out_is_tried_later_as_one_that_is_away(
    database_url: str, postbox: tuple[Postbox, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    box, url = postbox
    async with mailing(database_url, url) as (http, app, mailer):
        await submit(http, contact=PERSON)
        # Each answer comes in time for its command, all of them too late for the transaction.
        box.waits_s = 1.0
        monkeypatch.setattr("measure_registry.mailer.HAND_OVER_S", 1.5)
        before = MAILS.labels("failed")._value.get()
        assert await send_all(mailer) == 1
        assert MAILS.labels("failed")._value.get() == before + 1
        monkeypatch.setattr("measure_registry.mailer.HAND_OVER_S", 45.0)
        async with app.state.database.transaction() as connection:
            later = "select tries = 1 and due_at > now() from mail"
            assert await connection.fetchval(later)
            await connection.execute("update mail set due_at = now()")
        assert await send_all(mailer) == 1
        assert {each["To"] for each in box.mails} == {PERSON["email"]}
        assert await send_all(mailer) == 0


@pytest.mark.parametrize(("reply", "left"), [("450 4.2.0 greylisted", 1), ("550 5.1.1 unknown", 0)])
async def test_only_a_final_refusal_of_an_address_ends_a_mail(
    database_url: str, postbox: tuple[Postbox, str], reply: str, left: int
) -> None:
    box, url = postbox
    async with mailing(database_url, url) as (http, app, mailer):
        await submit(http, contact=PERSON)
        box.recipient = reply
        assert await send_all(mailer) == 1
        async with app.state.database.transaction() as connection:
            await connection.execute("update mail set due_at = now()")
        box.recipient = "250 known"
        assert await send_all(mailer) == left
        assert len(box.mails) == left


async def test_a_mail_has_what_every_mail_needs(
    database_url: str, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    async with mailing(database_url, url) as (http, _, mailer):
        await submit(http, contact=PERSON)
        await send_all(mailer)
    (mail,) = box.mails
    assert abs(mail["Date"].datetime - datetime.now(tz=UTC)) < timedelta(minutes=5)
    assert mail["Message-ID"].endswith(f"@{parseaddr(mail['From'])[1].partition('@')[2]}>")


async def test_the_form_promises_a_mail_only_where_one_is_sent(
    database_url: str, postbox: tuple[Postbox, str]
) -> None:
    _, url = postbox
    promise = "schicken wir Ihnen einen Link"
    async with mailing(database_url, url) as (http, _, _mailer):
        assert promise in (await http.get("/")).text
    async with registry(database_url) as (http, _):
        assert promise not in (await http.get("/")).text


async def test_a_mail_that_cannot_be_written_is_seen_put_off_and_keeps_no_other_from_going(
    database_url: str, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    async with mailing(database_url, url) as (http, app, mailer):
        await submit(http, contact=PERSON)
        await submit(http, contact={"email": "jemand@anders.example"})
        async with app.state.database.transaction() as connection:
            await connection.execute(
                "update mail set kind = 'of-a-later-version' where mail_id = 1"
            )
        before = MAILS.labels("broken")._value.get()
        assert await send_all(mailer) == 2
        assert [each["To"] for each in box.mails] == ["jemand@anders.example"]
        assert MAILS.labels("broken")._value.get() == before + 1
        async with app.state.database.transaction() as connection:
            assert await connection.fetchval("select tries from mail where mail_id = 1") == 1
            await connection.execute("update mail set kind = 'received', due_at = now()")
        assert await send_all(mailer) == 1
        assert box.mails[-1]["To"] == PERSON["email"]


async def test_who_was_forgotten_gets_no_mail(
    database_url: str, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    async with mailing(database_url, url) as (http, app, mailer):
        await submit(http, contact=PERSON)
        async with app.state.database.transaction() as connection:
            await connection.execute("delete from contact")
        await send_all(mailer)
        assert box.mails == []


async def test_waiting_mails_hold_no_address(database_url: str) -> None:
    async with registry(database_url) as (http, _):
        await submit(http, contact=PERSON)
    with psycopg.connect(database_url.replace("postgresql+psycopg", "postgresql")) as connection:
        rows = connection.execute("select m::text from registry.mail m").fetchall()
    assert len(rows) == 1
    assert PERSON["email"] not in str(rows)
    assert PERSON["email"].encode().hex() not in str(rows)


@pytest.mark.parametrize("url", ["http://mail.example", "mail.example", "smtp"])
def test_an_address_that_is_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="smtp://"):
        Settings(smtp_url=url)  # type: ignore[arg-type]
