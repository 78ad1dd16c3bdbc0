"""The uplink decoder stores and decodes what LoRaWAN network servers deliver."""
