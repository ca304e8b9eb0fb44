"""Wrong keys and wrong links are slowed down, in each process by itself."""

from web.throttle import PER_ACCOUNT, WINDOW_SECONDS, Throttle


def test_failures_are_forgotten_after_a_while() -> None:
    """Five minutes later one may try again; another address was never stopped."""
    now = 0.0
    throttle = Throttle(clock=lambda: now)
    for _ in range(PER_ACCOUNT):
        throttle.failed("key 1", "192.0.2.1")
    assert not throttle.allows("key 1", "192.0.2.1")
    assert throttle.allows("key 1", "192.0.2.2")
    now = WINDOW_SECONDS + 1
    assert throttle.allows("key 1", "192.0.2.1")
