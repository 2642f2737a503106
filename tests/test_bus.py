"""The event bus: order, bounds, and readers that are too slow."""

from datetime import UTC, datetime

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from csms.bus import Bus, SlowReader, Subscription
from csms.model.event import Event


def event(subject: str) -> Event:
    """An event that differs by its subject only."""
    return Event("station.booted", "t", "s", subject, datetime(2026, 1, 1, tzinfo=UTC), {})


def events(*subjects: str) -> list[Event]:
    """Several events."""
    return [event(subject) for subject in subjects]


async def take(subscription: Subscription, count: int) -> list[str]:
    """Return the subjects of the next events."""
    return [(await anext(subscription)).subject for _ in range(count)]


async def test_every_subscriber_gets_every_event_in_order() -> None:
    bus = Bus()
    async with bus.subscribe() as one, bus.subscribe() as two:
        bus.publish(events("a", "b"))
        bus.publish(events("c"))
        assert await take(one, 3) == ["a", "b", "c"]
        assert await take(two, 3) == ["a", "b", "c"]
    assert bus.published == 3


async def test_a_subscription_begins_when_it_is_made_and_ends_with_its_block() -> None:
    bus = Bus()
    bus.publish(events("before"))
    async with bus.subscribe() as subscription:
        assert bus.subscribers == 1
        bus.publish(events("during"))
        assert await take(subscription, 1) == ["during"]
    bus.publish(events("after"))
    assert bus.subscribers == 0
    assert [found.subject async for found in subscription] == []


async def test_a_waiting_reader_is_woken() -> None:
    bus = Bus()
    got: list[str] = []
    async with trio.open_nursery() as nursery, bus.subscribe() as subscription:

        async def read() -> None:
            got.extend(await take(subscription, 2))

        nursery.start_soon(read)
        await wait_all_tasks_blocked()
        bus.publish(events("a"))
        await wait_all_tasks_blocked()
        assert got == []
        bus.publish(events("b"))
        await wait_all_tasks_blocked()
        assert got == ["a", "b"]


async def test_a_reader_that_is_too_slow_is_dropped_counted_and_told() -> None:
    bus = Bus()
    async with bus.subscribe(limit=2) as slow, bus.subscribe() as quick:
        bus.publish(events("a", "b"))
        assert bus.dropped == 0
        bus.publish(events("c"))
        assert (bus.dropped, bus.subscribers) == (1, 1)
        bus.publish(events("d"))
        assert await take(slow, 2) == ["a", "b"]
        with pytest.raises(SlowReader):
            await anext(slow)
        assert await take(quick, 4) == ["a", "b", "c", "d"]
    assert bus.dropped == 1


async def test_reading_makes_room_again() -> None:
    bus = Bus()
    async with bus.subscribe(limit=2) as subscription:
        for subject in "abcdef":
            bus.publish(events(subject))
            assert await take(subscription, 1) == [subject]
    assert bus.dropped == 0


async def test_more_at_once_than_the_buffer_holds_drops_the_reader_even_while_it_waits() -> None:
    bus = Bus()
    async with trio.open_nursery() as nursery, bus.subscribe(limit=2) as subscription:

        async def read() -> None:
            with pytest.raises(SlowReader):
                await anext(subscription)

        nursery.start_soon(read)
        await wait_all_tasks_blocked()
        bus.publish(events("a", "b", "c"))


async def test_reading_is_a_checkpoint_even_when_events_wait() -> None:
    bus = Bus()
    async with bus.subscribe() as subscription:
        bus.publish(events("a"))
        with trio.CancelScope() as scope:
            scope.cancel()
            await anext(subscription)
        assert scope.cancelled_caught
        assert await take(subscription, 1) == ["a"]


async def test_a_subscriber_may_come_and_go_while_events_are_published() -> None:
    bus = Bus()
    async with bus.subscribe() as one:
        async with bus.subscribe(limit=1) as two:
            bus.publish(events("a"))
            bus.publish(events("b"))
            assert two.dropped
        bus.publish(events("c"))
        assert await take(one, 3) == ["a", "b", "c"]
