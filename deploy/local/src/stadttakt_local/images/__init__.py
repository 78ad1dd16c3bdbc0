"""The platform's container images, built with what the machine has and, if wanted, without any registry."""
