"""Refusals are counted by address and id; who gets in never meets a limit."""

from csms.ocpp.turnstile import REFUSALS_A_MINUTE, REFUSALS_OF_AN_ADDRESS, Turnstile

PEER = "192.0.2.7"


def refuse(turnstile: Turnstile, peer: str, station_id: str, times: int, now_s: float = 0.0) -> None:
    for _ in range(times):
        turnstile.refused(peer, station_id, now_s)


def test_an_id_refused_too_often_from_an_address_waits_for_the_next_minute() -> None:
    turnstile = Turnstile()
    refuse(turnstile, PEER, "CP1", REFUSALS_A_MINUTE - 1)
    assert turnstile.stops(PEER, "CP1", 10.0) is None
    refuse(turnstile, "192.0.2.7", "CP1", 1)
    assert turnstile.stops(PEER, "CP1", 10.0) == 50
    assert turnstile.stops(PEER, "CP2", 10.0) is None
    assert turnstile.stops("192.0.2.8", "CP1", 10.0) is None
    assert turnstile.stops(PEER, "CP1", 60.0) is None


def test_an_address_that_tries_many_ids_is_stopped_but_not_the_stations_that_came_in_from_there() -> None:
    turnstile = Turnstile()
    turnstile.admitted(PEER, "GOOD")
    for number in range(REFUSALS_OF_AN_ADDRESS):
        turnstile.refused(PEER, f"GUESS-{number}", 0.0)
    assert turnstile.stops(PEER, "GUESS-NEXT", 1.0) == 59
    assert turnstile.stops(PEER, "GOOD", 1.0) is None


def test_an_ipv6_network_is_one_address() -> None:
    turnstile = Turnstile()
    for number in range(REFUSALS_OF_AN_ADDRESS):
        turnstile.refused(f"2001:db8:0:1::{number:x}", f"GUESS-{number}", 0.0)
    assert turnstile.stops("2001:db8:0:1::ffff", "OTHER", 0.0) == 60
    assert turnstile.stops("2001:db8:0:2::1", "OTHER", 0.0) is None


def test_what_is_remembered_is_bounded() -> None:
    turnstile = Turnstile()
    for number in range(60_000):
        turnstile.admitted(f"192.0.2.{number % 250}", f"CP{number}")
        turnstile.refused("198.51.100.1", f"CP{number}", 0.0)
    assert len(turnstile._admitted) == len(turnstile._refused) == 50_000
