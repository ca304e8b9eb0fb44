"""From spotted moments to planned messages: holds, clashes, caps, control, send times; and how either ends unsent."""
