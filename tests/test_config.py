"""Settings: defaults, file, environment, and what an operator is told when something is wrong."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from csms import config
from csms.config import Address, ConfigError
from csms.config_values import Choice, Flag, Whole

SAMPLE = Path(__file__).parent.parent / "config" / "csms.toml"


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "csms.toml"
    file.write_text(text)
    return file


def faults(tmp_path: Path, text: str = "", environ: dict[str, str] | None = None) -> list[str]:
    file = write(tmp_path, text)
    return [str(p).removeprefix(f"{file}:") for p in config.check(tmp_path, None, environ or {})]


def test_the_sample_file_is_what_the_fields_say():
    assert SAMPLE.read_text() == config.sample(), "run: make docs"


def test_every_commented_setting_of_the_sample_is_valid_and_the_default(tmp_path):
    text = re.sub(r"(?m)^#(\w+ = )", r"\1", SAMPLE.read_text())
    listed = {f"{section}.{key}" for section, keys in tomllib.loads(text).items() for key in keys}
    text = re.sub(r"(?m)^(certificate|key) = .*\n", "", text)
    loaded = config.load(tmp_path, write(tmp_path, text), {})
    untouched = config.load(tmp_path, write(tmp_path, ""), {})
    assert {key for key, _, _ in config.describe(loaded)} == listed
    assert [row[:2] for row in config.describe(loaded)] == [row[:2] for row in config.describe(untouched)]


def test_defaults_are_the_documented_ones(tmp_path):
    loaded = config.load(tmp_path, None, {})
    assert loaded.listen.ocpp == (Address("0.0.0.0", 9000),)
    assert loaded.listen.admin == (Address("127.0.0.1", 9400),)
    assert loaded.store.url == f"sqlite:///{tmp_path}/csms.db"
    assert (loaded.serve.grace_s, loaded.ocpp.heartbeat_interval_s, loaded.ocpi.allow_private_addresses) == (
        10,
        300,
        False,
    )


def test_the_environment_beats_the_file_which_beats_the_default(tmp_path):
    file = write(tmp_path, "[ocpp]\ncall_timeout_s = 5\nping_interval_s = 0\n")
    loaded = config.load(tmp_path, None, {"CSMS_OCPP_CALL_TIMEOUT_S": "7", "CSMS_OCPP_ONBOARDING": "yes"})
    assert (loaded.ocpp.call_timeout_s, loaded.ocpp.ping_interval_s, loaded.ocpp.onboarding) == (7, 0, True)
    shown = {key: (value, source) for key, value, source in config.describe(loaded)}
    assert shown["ocpp.call_timeout_s"] == ("7", "CSMS_OCPP_CALL_TIMEOUT_S")
    assert shown["ocpp.ping_interval_s"] == ("0", f"{file}:3")
    assert shown["ocpp.max_frame_bytes"] == ("1048576", "default")


def test_every_setting_can_come_from_the_environment(tmp_path):
    examples = {"listen": "[::1]:0", "tls": str(SAMPLE), "store": "postgresql://u@h/d"}
    for section in (each.name for each in fields(config.Config) if hasattr(each.default, "__slots__")):
        for setting in fields(getattr(config.Config(tmp_path), section)):
            value = example_of(setting.metadata["kind"], examples.get(section))
            environ = {f"CSMS_{section}_{setting.name}".upper(): value}
            problems = [p for p in config.check(tmp_path, None, environ) if "is missing" not in p.fault]
            assert problems == [], environ


def example_of(kind, of_its_section):
    """Return something that a kind of setting takes."""
    if isinstance(kind, Whole):
        return str(kind.high)
    if isinstance(kind, Choice):
        return kind.words[-1]
    if isinstance(kind, Flag):
        return "true"
    return of_its_section or f"{kind.starts[0]}csms.example:9000"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('""', ()),
        ('"127.0.0.1:1, [::1]:2"', (Address("127.0.0.1", 1), Address("::1", 2))),
        ('["localhost:0"]', (Address("localhost", 0),)),
    ],
)
def test_addresses(tmp_path, given, expected):
    loaded = config.load(tmp_path, write(tmp_path, f"[listen]\nocpp = {given}"), {})
    assert loaded.listen.ocpp == expected
    assert ("ocpp" in loaded.listeners()) is bool(expected)


def test_addresses_are_written_as_they_are_read():
    assert [str(Address("::1", 9000)), str(Address("10.0.0.1", 1))] == ["[::1]:9000", "10.0.0.1:1"]


def test_tls_listeners_are_on_only_with_certificate_and_key(tmp_path):
    assert "ocpp_tls" not in config.load(tmp_path, None, {}).listeners()
    (tmp_path / "c.pem").write_text("c")
    (tmp_path / "k.pem").write_text("k")
    loaded = config.load(tmp_path, write(tmp_path, '[tls]\ncertificate = "c.pem"\nkey = "k.pem"'), {})
    assert loaded.listeners()["ocpp_tls"] == (Address("0.0.0.0", 9443),)
    assert loaded.tls.certificate == str(tmp_path / "c.pem"), "relative to the file"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[listen]\n\nocp = ''", "3: listen.ocp is no setting; did you mean listen.ocpp?"),
        ("[lsten]\nocpp = ''", "1: lsten is no section; did you mean listen?"),
        ("# x\nocpp.call_timeout_s = 0", "2: ocpp.call_timeout_s = 0 is not a whole number from 1 to 600"),
        (
            "[ocpp]\ncall_timeout_s = true",
            "2: ocpp.call_timeout_s = True is not a whole number from 1 to 600",
        ),
        ("[ocpp]\nonboarding = 1", "2: ocpp.onboarding = 1 is not true or false"),
        (
            "[serve]\nlog_level = 'loud'",
            '2: serve.log_level = "loud" is not one of debug, info, warning, error',
        ),
        ("[listen]\nocpp = '::1:9000'", '2: listen.ocpp = "::1:9000" is not an address with its port: IPv6'),
        ("[listen]\nocpp = ':9000'", '2: listen.ocpp = ":9000" is not host:port (such as "0.0.0.0:9000"'),
        ("[listen]\nocpp = 'h:65536'", '2: listen.ocpp = "h:65536" is not host:port'),
        ("[listen]\nocpp = 9000", "2: listen.ocpp = 9000 is not host:port"),
        ("[listen]\nocpi = '0.0.0.0:9000'", "2: listen.ocpi 0.0.0.0:9000 is listen.ocpp's already"),
        ("[tls]\nkey = '/dev/null'", "2: tls.certificate is missing: tls.key needs it beside it"),
        ("[ocpp]\ncall_timeout_s = \n", "2: is not TOML: Invalid value"),
    ],
)
def test_a_mistake_is_named_with_line_key_and_mend(tmp_path, text, expected):
    found = faults(tmp_path, text)
    assert len(found) == 1
    assert found[0].startswith(expected)


def test_a_certificate_that_is_not_there_is_named(tmp_path):
    text = "[tls]\ncertificate = 'c.pem'\nkey = '/dev/null'"
    assert faults(tmp_path, text) == [f"2: tls.certificate {tmp_path}/c.pem does not exist"]


def test_a_misspelt_variable_is_named_but_foreign_ones_are_not(tmp_path):
    found = faults(tmp_path, environ={"CSMS_STORE_ULR": "x", "CSMS_ELSEWHERE": "y", "PATH": "z"})
    assert found == ["CSMS_STORE_ULR: is no setting; did you mean CSMS_STORE_URL?"]


def test_loading_stops_at_the_first_mistake_and_counts_the_rest(tmp_path):
    write(tmp_path, "[ocpp]\ncall_timeout_s = 0\nping_interval_s = -1\n")
    with pytest.raises(
        ConfigError, match=r"csms\.toml:2: ocpp\.call_timeout_s .* \(1 more: csms config check\)"
    ):
        config.load(tmp_path, None, {})


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path, content):
    file = tmp_path / "csms.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(
        ConfigError, match=r"csms\.toml: (cannot be read: No such file|is not UTF-8 at byte 0)"
    ):
        config.load(tmp_path, file, {})


def test_passwords_are_not_shown(tmp_path):
    environ = {"CSMS_STORE_URL": "postgresql://csms:hunter2@db/csms"}
    loaded = config.load(tmp_path, None, environ)
    assert loaded.store.url == environ["CSMS_STORE_URL"]
    assert "hunter2" not in str(config.describe(loaded))
    wrong = config.check(tmp_path, None, {"CSMS_STORE_URL": "mysql://csms:hunter2@db/csms"})
    assert "hunter2" not in str(wrong[0])


def test_data_directory_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "SYSTEM_DATA_DIR", tmp_path / "system")
    assert config.data_directory(None, {}) == tmp_path / "var"
    (tmp_path / "system").mkdir()
    assert config.data_directory(None, {}) == tmp_path / "system"
    assert config.data_directory(None, {"CSMS_DATA_DIR": "named"}) == tmp_path / "named"
    assert config.data_directory(Path("given"), {"CSMS_DATA_DIR": "named"}) == tmp_path / "given"


def test_the_system_file_is_used_where_the_data_directory_has_none(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "SYSTEM_FILE", write(tmp_path, "[serve]\ngrace_s = 1"))
    data = tmp_path / "data"
    data.mkdir()
    assert config.load(data, None, {}).serve.grace_s == 1
    write(data, "[serve]\ngrace_s = 2")
    assert config.load(data, None, {}).serve.grace_s == 2
