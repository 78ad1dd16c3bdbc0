"""Pure rules of the decoder: identity, times, readings to observations; no I/O, no clock."""
