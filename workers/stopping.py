"""Whether this process is about to stop: then a task finishes its batch and leaves the rest to the next sweep."""

import threading

stopping = threading.Event()
