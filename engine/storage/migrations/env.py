"""Alembic's doorway: runs the migrations on the URL it is handed, with SQLite's batch mode for altered tables."""

from alembic import context
from sqlalchemy import pool

from engine.storage.models import Base
from engine.storage.session import open_engine

url = context.config.attributes["url"]
engine = open_engine(url, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=engine.dialect.name == "sqlite",
        user_module_prefix="base.",
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
