# SPDX-License-Identifier: EUPL-1.2
"""Alerts of any service: raised, renewed and cleared in its schema, published from there.

A service takes part with `alert_table(metadata)` in its tables and `create_alert_table()` in a
revision, `alert_router(scope)` in its application, and an `AlertPublisher` among its workers. It
says what is the case with `settle`, or with `raise_alert` and `clear_alert`, inside the
transaction that found it out (docs/decisions/0021).
"""

from stadttakt_runtime.alerts.api import alert_router
from stadttakt_runtime.alerts.domain import Condition, Severity, plain_id
from stadttakt_runtime.alerts.publisher import AlertPublisher
from stadttakt_runtime.alerts.schema import alert_table
from stadttakt_runtime.alerts.storage import clear_alert, raise_alert, settle

__all__ = [
    "AlertPublisher",
    "Condition",
    "Severity",
    "alert_router",
    "alert_table",
    "clear_alert",
    "plain_id",
    "raise_alert",
    "settle",
]
