"""SQL of the service: rows in, domain types out; never commits."""
