# SPDX-License-Identifier: EUPL-1.2
"""The HTTP side of a service: application factory, problems, conditional reads, paging, SSE."""
