"""Schemas, roles and Alembic revisions of all services; a step of its own, before they start."""
