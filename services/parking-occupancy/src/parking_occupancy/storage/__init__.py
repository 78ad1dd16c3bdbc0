# SPDX-License-Identifier: EUPL-1.2
"""SQL of the service: rows in, domain types out; never commits."""
