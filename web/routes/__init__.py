"""The addresses of the application: each parses, asks the engine, and answers with a page or one block of it."""
