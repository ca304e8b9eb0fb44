"""What the pages read beyond what the engine's activities answer: each module asks a few set queries for one page."""
