"""Vendors' payload formatters in JavaScript: engine, worker processes, circuit breaker."""
