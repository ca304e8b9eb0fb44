"""Real servers for the tests, started by ourselves from what the package registry gives: no Docker, nothing running."""
