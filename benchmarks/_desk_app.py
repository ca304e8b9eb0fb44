"""One web process by itself, as in production; see `desk.py`."""

from cli.embedded import serve
from engine.settings import settings

if __name__ == "__main__":
    serve(settings())
