# SPDX-License-Identifier: EUPL-1.2
"""Vehicle occupancy and Cap the Peak."""
