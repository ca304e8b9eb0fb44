"""What people who work here are told outside the console: written with its cause, carried by a worker later."""
