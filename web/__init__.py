"""FastAPI: the pages for marketing and agents, and the mailbox of the postbox channel."""
