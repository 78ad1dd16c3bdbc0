"""What the service answers over HTTP, from memory."""
