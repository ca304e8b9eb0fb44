"""Celery: the app, the tasks (short doorways into the engine) and the schedule."""
