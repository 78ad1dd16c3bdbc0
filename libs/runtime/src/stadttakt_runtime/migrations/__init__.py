# SPDX-License-Identifier: EUPL-1.2
"""Schemas, roles and Alembic revisions of all services; a step of its own, before they start."""
