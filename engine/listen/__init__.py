"""What comes back: receipts of providers, bounces, replies. Each is recorded before it changes anything."""
