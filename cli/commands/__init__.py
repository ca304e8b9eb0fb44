"""The commands, a module for each group, each a thin doorway into the engine."""
