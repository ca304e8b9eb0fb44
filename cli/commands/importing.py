"""Commands that record customers and events from CSV files."""
