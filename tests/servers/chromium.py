"""Finds the browser of this machine. The tests drive Debian's chromium; they never download a browser."""

import os
import shutil
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """The path of a chromium: what JUBILEE_CHROMIUM names, else the first known name on the PATH."""
    named = os.environ.get("JUBILEE_CHROMIUM")
    return next(filter(None, map(shutil.which, [named] if named else NAMES)), None)


if __name__ == "__main__":
    sys.exit(0 if find_chromium() else 1)
