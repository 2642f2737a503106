"""What operators change, verb by verb: the same with the appliance running and stopped."""

import json
from pathlib import Path

import pytest
import shellingham

from tests.cli.conftest import Cli
from tests.wire import payloads
from tests.wire.station import Station

FREE = {
    "id": "FREE",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "FLAT", "price": 0, "step_size": 1}]}],
}


@pytest.fixture(params=["running", "stopped"])
def run(request: pytest.FixtureRequest, cli: Cli, stopped: Cli) -> Cli:
    """The command line, with and without an appliance on its data directory."""
    return cli if request.param == "running" else stopped


async def say(run: Cli, *argv: str, stdin: str = "") -> str:
    done = await run(*argv, stdin=stdin)
    assert (done.code, done.err) == (0, ""), done
    return done.out


class TestTenant:
    async def test_from_the_first_day_to_the_last(self, run: Cli) -> None:
        where = ("--country", "AT", "--currency", "CHF", "--timezone", "Europe/Vienna")
        named = ("Stadtwerke", "--type", "MSP", "--party-id", "SWX")
        made = json.loads(await say(run, "tenant", "add", *named, *where, "--json"))
        assert (made["tenantType"], made["partyId"], made["currency"]) == ("MSP", "SWX", "CHF")
        assert await say(run, "tenant", "suspend", "Stadtwerke", "--yes") == "Stadtwerke is SUSPENDED\n"
        assert await say(run, "tenant", "activate", made["id"]) == "Stadtwerke is ACTIVE\n"
        assert await say(run, "tenant", "terminate", "Stadtwerke", "--yes") == "Stadtwerke is TERMINATED\n"
        assert "TERMINATED" in await say(run, "tenant", "show", "Stadtwerke")

    async def test_where_there_are_two_one_must_be_named(self, run: Cli) -> None:
        await say(run, "tenant", "add", "other", "--party-id", "OTH")
        refused = await run("station", "add", "NEW")
        assert refused.code == 2
        assert "--tenant" in refused.err
        await say(run, "station", "add", "NEW", "--tenant", "other")
        assert "NEW" not in await say(run, "station", "list", "--tenant", "default")


class TestStation:
    async def test_from_its_registration_to_its_removal(self, run: Cli) -> None:
        made = json.loads(
            await say(run, "station", "add", "NEW", "--connectors", "3", "--name", "Hall 2", "--json")
        )
        assert len(made["password"]) >= 16
        shown = json.loads(await say(run, "station", "show", "NEW", "--json"))
        assert [connector["evseId"] for connector in shown["connectors"]] == [0, 1, 2, 3]
        assert "password" not in json.dumps(shown).casefold()
        quirks = ("--quirk", "strict=true", "--quirk", "heartbeat_interval_s=60")
        change = ("--registration", "pending", "--location", "Yard", *quirks)
        changed = json.loads(await say(run, "station", "update", "NEW", *change, "--json"))
        assert (changed["registration"], changed["locationId"]) == ("Pending", "Yard")
        assert changed["quirks"] == {"strict": True, "heartbeat_interval_s": 60}
        changed = json.loads(await say(run, "station", "update", "NEW", "--quirk", "strict=", "--json"))
        assert changed["quirks"] == {"heartbeat_interval_s": 60}
        assert "given-password-1" in await say(run, "station", "password", "NEW", "--set", "given-password-1")
        assert await say(run, "station", "remove", "NEW", "--yes") == "NEW is removed\n"
        assert (await run("station", "show", "NEW")).code == 3

    async def test_the_password_is_shown_as_it_is(self, run: Cli) -> None:
        await say(run, "station", "add", "NEW")
        assert "a[b]c[/d]efghijk" in await say(run, "station", "password", "NEW", "--set", "a[b]c[/d]efghijk")

    async def test_profile_0_has_no_password(self, run: Cli) -> None:
        text = await say(run, "station", "add", "NEW", "--profile", "0")
        assert text == "Station NEW is registered with security profile 0.\n"


class TestToken:
    async def test_from_its_registration_to_its_removal(self, run: Cli) -> None:
        text = await say(
            run,
            "token",
            "add",
            "CARD",
            "--group",
            "FLEET",
            "--expires",
            "2027-01-31",
            "--max-active",
            "1",
            "--json",
        )
        assert json.loads(text)["expiresAt"].startswith("2027-01-31T23:59:59")
        assert await say(run, "token", "block", "card") == "CARD is blocked\n"
        assert json.loads(await say(run, "token", "show", "CARD", "--json"))["blocked"] is True
        assert await say(run, "token", "unblock", "CARD") == "CARD is not blocked\n"
        assert await say(run, "token", "remove", "CARD", "--yes") == "CARD is removed\n"
        assert (await run("token", "show", "CARD")).code == 3

    async def test_places_come_and_go(self, run: Cli) -> None:
        assert await say(run, "token", "places", "list", "TAG1") == "TAG1 is valid everywhere\n"
        here = ("token", "places", "add", "TAG1", "--station", "CP1")
        [made] = json.loads(await say(run, *here, "--evse", "2", "--json"))
        assert (made["uid"], made["stationId"], made["evseId"]) == ("TAG1", "CP1", 2)
        assert json.loads(await say(run, "token", "show", "TAG1", "--json"))["bound"] is True
        assert "all" in await say(run, *here)
        assert (await run(*here)).code == 5
        assert (await run(*here, "--evse", "9")).code == 3
        assert "all" not in await say(run, "token", "places", "remove", "TAG1", "--station", "CP1")
        left = await say(run, "token", "places", "remove", "TAG1", "--yes")
        assert left == "TAG1 is valid everywhere\n"
        await say(run, "station", "add", "GONE")
        await say(run, "token", "places", "add", "TAG1", "--station", "GONE")
        await say(run, "station", "remove", "GONE", "--yes")
        assert "valid at no station left" in await say(run, "token", "places", "list", "TAG1")

    async def test_lists_come_and_go_as_csv(self, run: Cli, tmp_path: Path) -> None:
        file = tmp_path / "tokens.csv"
        file.write_text(
            "\ufeffuid,type,group,expires,blocked,max_active\r\n"
            "A1,ISO14443,FLEET,2027-01-31,,\r\nB2,eMAID,,,yes,2\r\nTAG1,ISO14443,,,,\r\n"
        )
        done = json.loads(await say(run, "token", "import", str(file), "--json"))
        assert done == {"added": 2, "updated": 1}
        exported = await say(run, "token", "export")
        assert exported.splitlines()[0] == "uid,type,group,expires,blocked,max_active,language"
        assert "B2,eMAID,,,yes,2" in exported
        again = json.loads(await say(run, "token", "import", "-", "--json", stdin=exported))
        assert again == {"added": 0, "updated": 3}
        assert await say(run, "token", "export") == exported

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            (
                "id,type\nA,x\n",
                "the header line must be of uid,type,group,expires,blocked,max_active,language",
            ),
            ("uid\nA\n\n ,\n", "line "),
            ("uid,max_active\nA,many\n", "line 2: max_active is not a number"),
            ("uid,expires\nA,soon\n", "line 2: expires soon: write a date like 2026-01-31"),
        ],
    )
    async def test_a_wrong_list_changes_nothing_and_names_its_line(
        self, run: Cli, text: str, complaint: str
    ) -> None:
        before = await say(run, "token", "export")
        done = await run("token", "import", "-", stdin=text)
        assert done.code == 2
        assert complaint in done.err
        assert done.err.count("\n") == 1
        assert await say(run, "token", "export") == before


class TestTariff:
    async def test_from_a_file_to_a_station(self, run: Cli, tmp_path: Path) -> None:
        (tmp_path / "free.json").write_text(json.dumps(FREE))
        await say(run, "tariff", "add", str(tmp_path / "free.json"))
        line = await say(run, "tariff", "assign", "FREE", "--station", "CP1", "--evse", "2")
        assert line == "tariff FREE applies to CP1 EVSE 2\n"
        assert await say(run, "tariff", "deactivate", "FREE") == "tariff FREE is not active\n"
        shown = json.loads(await say(run, "tariff", "show", "FREE", "--json"))
        assert (shown["active"], shown["document"]["id"]) == (False, "FREE")
        assert await say(run, "tariff", "activate", "FREE") == "tariff FREE is active\n"
        assert json.loads(await say(run, "tariff", "show", "FREE"))["currency"] == "EUR"

    @pytest.mark.parametrize("text", ["{", "[]", "{}", '{"id": "X", "currency": "EUR", "elements": []}'])
    async def test_what_is_no_tariff_is_refused(self, run: Cli, text: str) -> None:
        done = await run("tariff", "add", "-", stdin=text)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


class TestExports:
    async def test_transactions_and_cdrs(self, station: Station, run: Cli) -> None:
        transaction = (await station.call("StartTransaction", payloads.start()))["transactionId"]
        await station.call("StopTransaction", payloads.stop(transaction))
        for noun in ("transaction", "cdr"):
            table = await say(run, noun, "export")
            header, row = table.splitlines()
            assert dict(zip(header.split(","), row.split(","), strict=True))["stationId"] == "CP1"
            assert len(json.loads(await say(run, noun, "export", "--format", "json"))) == 1
        assert (await say(run, "cdr", "export", "--to", "2026-03-02")).count("\n") == 1
        assert (await say(run, "cdr", "export", "--from", "2026-03-02", "--to", "2026-03-03")).count(
            "\n"
        ) == 2
        assert (await say(run, "cdr", "export", "--from", "2026-03-02T13:30Z")).count("\n") == 1


class TestConfig:
    async def test_a_good_one(self, run: Cli) -> None:
        assert await say(run, "config", "check") == "the configuration is good\n"
        assert await say(run, "config", "check", "--json") == "[]\n"

    async def test_every_fault_is_named(self, run: Cli, tmp_path: Path) -> None:
        file = tmp_path / "csms.toml"
        file.write_text("[ocpp]\ncall_timeout_s = 0\n[listen]\nocpp = 'nowhere'\n")
        done = await run("--config", str(file), "config", "check", "--json")
        assert done.code == 2
        assert [(fault["key"], fault["where"]) for fault in done.json] == [
            ("ocpp.call_timeout_s", f"{file}:2"),
            ("listen.ocpp", f"{file}:4"),
        ]


class TestCompletion:
    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    async def test_the_shell_learns_the_verbs(
        self, stopped: Cli, shell: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shellingham, "detect_shell", lambda: (shell, f"/bin/{shell}"))
        done = await stopped("--show-completion")
        assert done.code == 0
        assert "_CSMS_COMPLETE" in done.out

    async def test_verbs_are_completed(self, stopped: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("_CSMS_COMPLETE", "complete_bash")
        for words, expected in (("csms stat", ["station", "status"]), ("csms db re", ["restore"])):
            monkeypatch.setenv("COMP_WORDS", words)
            monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
            done = await stopped()
            assert sorted(done.out.split()) == expected
