# SPDX-License-Identifier: EUPL-1.2
"""Partners' observations that come over HTTP or from files."""
