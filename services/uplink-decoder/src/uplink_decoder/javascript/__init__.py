# SPDX-License-Identifier: EUPL-1.2
"""Vendors' payload formatters in JavaScript: engine, worker processes, circuit breaker."""
