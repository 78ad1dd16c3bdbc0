# SPDX-License-Identifier: EUPL-1.2
"""The list of one state among 20,000 ideas: few statements, whatever it tells, and none that reads or sorts them all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from measure_registry.api import ideas as api
from measure_registry.storage import city as cities
from measure_registry.storage.city import City
from measure_registry.storage.ideas import Asked, newest
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.paging import HIGHEST_NUMBER
from support.asking import Ask
from support.ideas import submit

SHOWN = 100
FILL = """
insert into registry.idea (idea_id, version, title, summary, handlungsfeld, details, state, state_since,
                           submitted_at, changed_at, channel, pseudonym, published_at, search)
select 'idea-' || lpad(n::text, 6, '0'), 1, 'Idee ' || n, 'Mehr Bänke am Ufer', 'mobilitaet',
       '{"further_fields": [], "goal": "", "benefit": "", "mehrwerte": [], "leitsaetze": [], "target_groups": [],
          "place": {"name": null, "lat": null, "lon": null}, "partners": "", "timeframe": "", "budget": "",
          "transferable": "", "submitter_kind": null}',
       case when n % 40 = 0 then 'bewertet' else 'eingereicht' end, now(), now(), now(), 'import', 'x',
       now(), '' from generate_series(1, 20000) as n;
insert into registry.rating (idea_id, criterion_id, rater, rating, comment, catalogue_version, at)
select i.idea_id, c ->> 'criterion_id', r.rater, 'erfuellt', 'gut', n.version, now()
  from registry.idea i, (select * from registry.catalogue order by version desc limit 1) n,
       jsonb_array_elements(n.definition -> 'criteria') c, (values ('a'), ('b')) as r (rater)
 where i.state = 'bewertet';
analyze registry.idea;
analyze registry.rating;
"""


class Listening:
    """A connection that remembers what it was asked."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.asked: list[tuple[str, tuple[Any, ...]]] = []

    async def fetch(self, statement: str, *values: Any) -> Any:
        self.asked.append((statement, values))
        return await self._connection.fetch(statement, *values)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


@pytest.mark.parametrize("for_staff", [True, False])
async def test_the_list_of_a_state_asks_twice_and_reads_what_it_shows(
    http: httpx.AsyncClient, database_url: str, *, for_staff: bool
) -> None:
    async with Database.open(database_url, schema="registry", size=1) as database:
        async with database.transaction() as connection:
            await connection.execute(FILL)
        async with database.connection() as connection:
            city = await cities.read(connection)
            assert isinstance(city, City)
            listening = Listening(connection)
            asked = Asked(only_public=not for_staff, state="bewertet", handlungsfeld="mobilitaet")
            found = await newest(listening, asked, before=HIGHEST_NUMBER, limit=SHOWN + 1)
            shown = await api.listed(listening, found[:SHOWN], city, for_staff=for_staff)
            assert len(listening.asked) == 2
            for statement, values in listening.asked:
                (row,) = await connection.fetch(
                    f"explain (analyze, format json) {statement}", *values
                )
                nodes = list(_nodes(orjson.loads(row[0])[0]["Plan"]))
                read = [each for each in nodes if each.get("Relation Name") in {"idea", "rating"}]
                assert {each["Node Type"] for each in read} <= {"Index Scan", "Bitmap Heap Scan"}
                assert (
                    sum(each["Actual Rows"] * each["Actual Loops"] for each in read)
                    <= SHOWN * 12 * 2 + 1
                )
                assert sum(each.get("Rows Removed by Filter", 0) for each in read) == 0
    assert len(shown) == SHOWN
    assert {each["verdict"] for each in shown[0]["ratings"]} == {"erfuellt"}


async def test_a_list_tells_raters_words_as_the_idea_itself_does(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    path = f"/v1/ideas/{idea_id}"
    for scope, rating, comment in (
        ("registry:rate", "erfuellt", 'Zitat: "so"\\, Zeile\nzwei \u2028 Bänke \U0001f333'),
        ("registry:admin", "nicht_erfuellt", ""),
    ):
        body = {"rating": rating, "comment": comment}
        assert (await ask("PUT", f"{path}/ratings/mehrwert", scope, json=body)).is_success
    (listed,) = (await ask("GET", "/v1/ideas", "registry:read")).json()["items"]
    assert listed["ratings"] == (await ask("GET", path, "registry:read")).json()["ratings"]
    (votes,) = [each["votes"] for each in listed["ratings"] if each["votes"]]
    assert [(each["rating"], each["comment"], each["outdated"]) for each in votes] == [
        ("erfuellt", 'Zitat: "so"\\, Zeile\nzwei \u2028 Bänke \U0001f333', False),
        ("nicht_erfuellt", "", False),
    ]
