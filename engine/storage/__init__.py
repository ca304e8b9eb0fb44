"""Where everything is kept: the database, its sessions, one model per file, and the migrations."""
