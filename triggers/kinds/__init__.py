"""The kinds of trigger, one module each. Pure: facts in, occurrences out; no session, no clock, no queue."""
