"""Where Celery finds the peer's app; see `_post_office.py`."""

from benchmarks._post_office import make_app

app = make_app()
