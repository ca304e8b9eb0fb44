"""The tests, as a mirror of the rooms. A package, so that two rooms may each have a test module of the same name."""
