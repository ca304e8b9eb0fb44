"""Writing: what marketing may put in a template, what of it reaches the customer, and the drafts that come of it."""
