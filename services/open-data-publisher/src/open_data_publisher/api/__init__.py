# SPDX-License-Identifier: EUPL-1.2
"""HTTP: feeds, datasets, catalogue, pages."""
