"""Reviewing: the queue of drafts, what people decide about them, and what happens to those that nobody looked at."""
