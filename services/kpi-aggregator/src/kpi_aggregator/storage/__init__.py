# SPDX-License-Identifier: EUPL-1.2
"""The SQL of schema `kpi`; never commits."""
