"""What every service runs on: settings, MQTT, database, HTTP, process; no domain word."""
