"""The Redis server of the tests: answers Redis's protocol, forgets everything on a restart, leaves nothing behind."""

import psutil
import redis

from tests.servers.redis import RedisServer


def test_keeps_what_it_is_told() -> None:
    """A value that was set can be read."""
    with RedisServer() as server, redis.Redis.from_url(server.url()) as client:
        client.set("bell", "rung")
        assert client.get("bell") == b"rung"


def test_comes_back_empty_after_a_crash() -> None:
    """Nothing is persisted: the same URL answers and has lost the queue."""
    with RedisServer() as server:
        with redis.Redis.from_url(server.url()) as client:
            client.rpush("queue", "a task")
        server.kill()
        server.start()
        with redis.Redis.from_url(server.url()) as client:
            assert client.llen("queue") == 0


def test_leaves_nothing_behind() -> None:
    """After `close` the folder and the process are gone."""
    with RedisServer() as server:
        process = psutil.Process(server.pid)
    assert not server.home.exists()
    assert not process.is_running()


def test_a_port_that_is_taken_is_not_the_end() -> None:
    """Two servers that drew the same port both come up."""
    with RedisServer() as first:
        second = RedisServer()
        second.port = first.port
        with second:
            assert second.port != first.port


def test_the_fixture_gives_an_empty_server(redis_url: str) -> None:
    """Whatever a test left is gone before the next one (this one and the following leave a key)."""
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_the_fixture_gives_an_empty_server_again(redis_url: str) -> None:
    """See above; the two share one server when they run in the same process."""
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")
