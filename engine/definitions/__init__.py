"""What marketing writes: a trigger's definition, read from YAML, checked, and kept in versions."""
