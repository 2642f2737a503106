"""Passwords of people: argon2id, in worker threads, so many at once and no more."""

import pytest
import trio
import trio.testing

from csms.errors import InvalidInput, TooBusy
from csms.services import passwords

PASSWORD = "correct horse battery"


def test_a_hash_is_argon2id_and_salted() -> None:
    first, second = passwords.hash_person(PASSWORD), passwords.hash_person(PASSWORD)
    assert first.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert first != second
    assert passwords.check_person(PASSWORD, first)
    assert not passwords.check_person(PASSWORD + " ", first)
    assert not passwords.check_person(PASSWORD, "nonsense")


@pytest.mark.parametrize("password", ["", "x" * 11, "x" * 257])
def test_a_password_is_long_enough_and_not_too_long(password: str) -> None:
    with pytest.raises(InvalidInput):
        passwords.checked_person(password)


async def test_nobody_has_a_password() -> None:
    assert not await passwords.check_person_aside(PASSWORD, None)
    assert await passwords.check_person_aside(PASSWORD, passwords.hash_person(PASSWORD))


async def test_so_many_are_checked_at_once_and_those_beyond_the_queue_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who is refused waits for nothing; who waits is answered."""
    monkeypatch.setattr(passwords, "MOST_WAITING", 4)
    running, most, refused, done = 0, 0, 0, 0
    go_on = trio.Event()

    def slow(password: str, stored: str) -> bool:
        nonlocal running, most
        running += 1
        most = max(most, running)
        trio.from_thread.run(go_on.wait)
        running -= 1
        return True

    monkeypatch.setattr(passwords, "check_person", slow)

    async def check() -> None:
        nonlocal refused, done
        try:
            await passwords.check_person_aside(PASSWORD, "stored")
            done += 1
        except TooBusy:
            refused += 1

    async with trio.open_nursery() as nursery:
        for _ in range(12):
            nursery.start_soon(check)
        await trio.testing.wait_all_tasks_blocked()
        go_on.set()
    assert (most, done, refused) == (passwords.AT_ONCE, 4 + passwords.AT_ONCE, 7)
