"""The HTTP side of a service: application factory, problems, conditional reads, paging, SSE."""
