"""What a process remembers, and what it lets go."""

import threading

from engine.remembering import remember


def test_the_oldest_makes_room() -> None:
    """And nothing else is forgotten: what was read a moment ago is not read again."""
    kept: dict[int, str] = {}
    for number in range(5):
        assert remember(kept, number, str(number), most=3) == str(number)
    assert kept == {2: "2", 3: "3", 4: "4"}


def test_threads_remember_at_once() -> None:
    """None is disturbed by another that makes room meanwhile."""
    kept: dict[tuple[int, int], int] = {}
    failed: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for number in range(3_000):
                remember(kept, (name, number), number, most=10)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(kept) <= 10 + len(threads)
