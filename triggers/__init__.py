"""What marketing configures: the four kinds of trigger, pure, and the shipped trigger definitions in YAML."""
