# SPDX-License-Identifier: EUPL-1.2
"""The KPI framework as code."""
