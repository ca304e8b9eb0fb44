"""The core: everything Jubilee knows and decides. It imports no other room; the table of kinds is handed to it."""
