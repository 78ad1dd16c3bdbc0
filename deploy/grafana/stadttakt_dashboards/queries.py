# SPDX-License-Identifier: EUPL-1.2
"""Queries of panels, to Prometheus and to the views that services publish in the database."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from grafana_foundation_sdk.models.prometheus import QueryEditorMode

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="prometheus")
TIMESCALE = DataSourceRef(type_val="grafana-postgresql-datasource", uid="timescaledb")


@dataclass(frozen=True, slots=True)
class Metric:
    """An expression of Prometheus and how its series are called."""

    expression: str
    legend: str = "__auto"

    def query(self, ref_id: str, *, now: bool) -> Builder[Dataquery]:
        """Return the query, of this moment or of the dashboard's time."""
        query = prometheus.Dataquery().expr(self.expression).legend_format(self.legend)
        query = query.ref_id(ref_id).datasource(PROMETHEUS).editor_mode(QueryEditorMode.CODE)
        return query.instant() if now else query.range()


@dataclass(frozen=True, slots=True)
class Sql:
    """A query of views `v1_*`; a column `time` makes it a series, with `metric` several."""

    statement: str

    def query(self, ref_id: str, *, now: bool) -> Builder[Dataquery]:
        """Return the query; as a table, or by its column `time` as series."""
        return _SqlQuery(dedent(self.statement).strip(), ref_id, "table" if now else "time_series")


Query = Metric | Sql


@dataclass(frozen=True, slots=True)
class _SqlQuery(Builder[Dataquery], Dataquery):
    """What Grafana's source for PostgreSQL takes; the SDK has no type for it."""

    statement: str
    ref_id: str
    form: str

    def build(self) -> Dataquery:
        return self

    def to_json(self) -> dict[str, object]:
        return {
            "refId": self.ref_id,
            "datasource": TIMESCALE,
            "rawQuery": True,
            "editorMode": "code",
            "format": self.form,
            "rawSql": self.statement,
        }
