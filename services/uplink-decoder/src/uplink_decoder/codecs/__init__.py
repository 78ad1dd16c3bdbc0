"""Native codecs: pure functions from frame to decoded fields. The list of them is in `registry`."""
