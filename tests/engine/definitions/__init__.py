"""Tests of definitions: reading them, and keeping their versions."""
