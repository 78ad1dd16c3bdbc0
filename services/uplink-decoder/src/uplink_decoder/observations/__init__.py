"""Partners' observations that come over HTTP or from files."""
