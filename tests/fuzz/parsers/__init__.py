"""Every parser of what strangers send, as something that takes bytes; `make fuzz` and a short form in the tests."""
