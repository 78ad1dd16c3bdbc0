"""Vendors' payload formatters in JavaScript: engine, worker threads, circuit breaker."""
