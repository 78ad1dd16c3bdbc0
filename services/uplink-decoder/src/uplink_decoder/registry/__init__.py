"""The device registry: what it takes, how it is written, how decoders follow it."""
