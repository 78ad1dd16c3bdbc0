"""Everything a LoRaWAN network adds between a sensor's state and a broker message."""
