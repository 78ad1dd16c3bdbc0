# SPDX-License-Identifier: EUPL-1.2
"""Reports: gathered from what was known, drawn as HTML, PDF, CSV and XLSX, archived."""
