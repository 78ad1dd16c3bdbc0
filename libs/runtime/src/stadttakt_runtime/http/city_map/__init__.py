# SPDX-License-Identifier: EUPL-1.2
"""The map that services show on their pages: script and styles, below `static`, for `Assets`."""
