"""A simulated LoRaWAN network and the demand behind it, with faults on request."""
