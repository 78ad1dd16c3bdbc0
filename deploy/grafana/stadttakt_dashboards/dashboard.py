# SPDX-License-Identifier: EUPL-1.2
"""A dashboard of rows of panels, and its JSON as Grafana's provisioning reads it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    RowPanel,
    VariableRefresh,
)
from grafana_foundation_sdk.models.dashboard import (
    Panel as BuiltPanel,
)

from stadttakt_dashboards.queries import PROMETHEUS

TAG = "stadttakt"


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard; the panels of a row fill lines of the grid."""

    name: str
    title: str
    description: str
    rows: Sequence[tuple[str, Sequence[Builder[BuiltPanel]]]]
    since: str = "now-6h"
    by_service: bool = False

    def to_json(self) -> str:
        """Return it as text that is the same for the same code."""
        built = self._built().build()
        for number, panel in enumerate(_flat(built.panels or ()), start=1):
            panel.id_val = number
        return json.dumps(built, cls=JSONEncoder, ensure_ascii=False, indent=1) + "\n"

    def _built(self) -> builders.Dashboard:
        board = (
            builders.Dashboard(self.title)
            .uid(f"stadttakt-{self.name}")
            .description(self.description)
            .tags([TAG])
            .timezone("browser")
            .readonly()
            .refresh("1m")
            .time(self.since, "now")
            .tooltip(DashboardCursorSync.CROSSHAIR)
            .link(
                builders.DashboardLink("Stadttakt")
                .type(DashboardLinkType.DASHBOARDS)
                .tags([TAG])
                .as_dropdown(as_dropdown=True)
                .keep_time(keep_time=True)
            )
        )
        if self.by_service:
            board = board.with_variable(_services())
        for title, panels in self.rows:
            board = board.with_row(builders.Row(title))
            for panel in panels:
                board = board.with_panel(panel)
        return board


def _services() -> builders.QueryVariable:
    return (
        builders.QueryVariable("service")
        .label("Dienst")
        .query('label_values(up{job="stadttakt"}, service)')
        .datasource(PROMETHEUS)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .include_all(include_all=True)
        .all_value(".*")
        .multi(multi=True)
    )


def _flat(panels: Sequence[BuiltPanel | RowPanel]) -> Sequence[BuiltPanel | RowPanel]:
    return [each for panel in panels for each in (panel, *getattr(panel, "panels", ()))]
