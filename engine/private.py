"""Folders and files of the home, with customers' data and secrets: made for their owner alone, whatever the umask is.

What is there already stays as open as whoever made it wanted.
"""

from pathlib import Path


def own_folder(path: Path) -> None:
    """Make the folder, with those above it that are missing."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)


def own_file(path: Path) -> None:
    """Make an empty file, unless it is there. SQLite opens its log with the rights of the file that it belongs to."""
    if not path.exists():
        path.touch(mode=0o600)
