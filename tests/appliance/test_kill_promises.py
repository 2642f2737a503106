"""kill -9 between a promise and what was promised: the next process keeps it."""

from typing import Any

import trio

from tests.appliance.line import Street, street
from tests.appliance.machine import TOKEN, Machine
from tests.wire.station import Payload, Station
from tests.wire.v201 import payloads as v201

WITHIN_S = 30.0
TOKENS = (TOKEN, "A", "B")
PROTOCOL = "ocpp2.0.1"


class ListKeeper:
    """A 1.6 station whose list takes one id token a message; it dies with the appliance at the `fatal`th."""

    def __init__(self) -> None:
        self.version = 0
        self.entries: dict[str, Payload] = {}
        self.taken = 0
        self.fatal = 0
        self.struck, self.whole = trio.Event(), trio.Event()

    def attend(self, station: Station) -> None:
        keys = {"SupportedFeatureProfiles": "Core,LocalAuthListManagement", "SendLocalListMaxLength": "1"}
        told = [{"key": k, "readonly": True, "value": v} for k, v in keys.items()]
        station.answers["GetConfiguration"] = {"configurationKey": told}
        station.answers["GetLocalListVersion"] = lambda _: {"listVersion": self.version}
        station.answers["SendLocalList"] = self._take

    def _take(self, payload: Payload) -> Payload | None:
        if payload["updateType"] == "Full":
            self.entries = {}
        for entry in payload.get("localAuthorizationList", ()):
            if "idTagInfo" in entry:
                self.entries[entry["idTag"]] = entry["idTagInfo"]
            else:
                self.entries.pop(entry["idTag"], None)
        self.version = payload["listVersion"]
        self.taken += 1
        if self.taken == self.fatal:
            self.struck.set()
            return None
        if len(self.entries) == len(TOKENS) and self.entries.get("A", {}).get("status") == "Blocked":
            self.whole.set()
        return {"status": "Accepted"}


async def test_a_list_is_whole_after_the_kill(machine: Machine) -> None:
    keeper = ListKeeper()
    keeper.fatal = 2
    running = await trio.to_thread.run_sync(machine.serve)
    async with street(running) as before:
        await before.verb("token.add", uid="A")
        await before.verb("token.add", uid="B")
        await before.verb("tenant.local-lists", tenant="Default", follows=True)
        keeper.attend(await before.boot())
        with trio.fail_after(WITHIN_S):
            await keeper.struck.wait()
        running.kill()
    running = await trio.to_thread.run_sync(machine.serve)
    async with street(running) as after:
        await after.verb("token.blocked", uid="A", blocked=True)
        keeper.attend(await after.boot())
        with trio.fail_after(WITHIN_S):
            await keeper.whole.wait()
    running.kill()
    assert {uid: info["status"] for uid, info in keeper.entries.items()} == {
        TOKEN: "Accepted", "A": "Blocked", "B": "Accepted"
    }  # fmt: skip


async def _vehicle(line: Street) -> Station:
    station = await line.connect(protocols=PROTOCOL)
    await station.call("BootNotification", v201.boot())
    return station


async def test_a_vehicle_gets_its_profile_after_the_kill(machine: Machine) -> None:
    needs: dict[str, Any] = {
        "requestedEnergyTransfer": "AC_three_phase",
        "acChargingParameters": {
            "energyAmount": 9000, "evMinCurrent": 6, "evMaxCurrent": 20, "evMaxVoltage": 230
        },
    }  # fmt: skip
    running = await trio.to_thread.run_sync(machine.serve)
    async with street(running) as before:
        station = await _vehicle(before)
        await station.call("TransactionEvent", v201.started())
        answer = await station.call("NotifyEVChargingNeeds", {"evseId": 1, "chargingNeeds": needs})
        running.kill()
    assert answer == {"status": "Accepted"}
    running = await trio.to_thread.run_sync(machine.serve)
    async with street(running) as after:
        station = await _vehicle(after)
        with trio.fail_after(WITHIN_S):
            asked = await station.until_asked("SetChargingProfile")
    running.kill()
    profile = asked["chargingProfile"]
    assert (profile["chargingProfilePurpose"], profile["transactionId"]) == ("TxProfile", "T1")
    assert profile["chargingSchedule"][0]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 20.0}]
