# SPDX-License-Identifier: EUPL-1.2
"""The KPI framework of a city folder, read and applied."""
