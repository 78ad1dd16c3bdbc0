"""The cars behind the sensors: when they come, where they park, how long they stay."""
