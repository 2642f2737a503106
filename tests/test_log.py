"""Logs: one JSON object a line, secrets blanked wherever they hide, libraries included."""

import io
import json
import logging

import pytest
import structlog

from csms import log


@pytest.fixture
def lines():
    stream = io.StringIO()
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    log.configure("json", "info", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


def test_an_event_carries_what_its_logger_is_bound_to(lines):
    logger = structlog.get_logger("csms.ocpp.connection").bind(tenant="default", station="CP-1")
    logger.info("call refused", message_id="42")
    (line,) = lines()
    assert list(line)[:4] == ["timestamp", "level", "logger", "event"]
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "csms.ocpp.connection",
        "event": "call refused",
        "tenant": "default",
        "station": "CP-1",
        "message_id": "42",
    }


def test_levels_below_the_threshold_write_nothing(lines):
    structlog.get_logger("x").debug("quiet")
    logging.getLogger("library").info("quiet")
    assert lines() == []


def test_an_exception_is_one_line_and_its_text_is_redacted(lines):
    try:
        raise OSError("cannot reach postgresql://csms:hunter2@db/csms")
    except OSError:
        structlog.get_logger("x").exception("broken")
        logging.getLogger("hypercorn.error").exception("broken too")
    ours, theirs = lines()
    for line in (ours, theirs):
        assert "postgresql://csms:[redacted]@db/csms" in line["exception"]
        assert "hunter2" not in str(line)
    assert theirs["logger"] == "hypercorn.error"


def test_what_json_cannot_say_is_written_as_text(lines):
    structlog.get_logger("x").info("odd", thing=object, raw=b"\x00", path=log.configure)
    assert "object" in lines()[0]["thing"]


@pytest.mark.parametrize(
    "event",
    [
        {"password": "hunter2"},
        {"Authorization": "Basic hunter2hunter2"},
        {"headers": {"authorization": "hunter2"}},
        {"note": "Authorization: Token hunter2hunter2"},
        {"note": "sent Bearer hunter2.hunter2.hunter2"},
        {"location": "ftp://cp:hunter2@files/firmware.bin"},
        {"payload": {"key": "AuthorizationKey", "value": "hunter2"}},
        {"key": "AuthorizationKey", "value": "hunter2"},
        {
            "payload": {
                "configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": "hunter2"}]
            }
        },
        {"payload": [{"variable": {"name": "BasicAuthPassword"}, "attributeValue": "hunter2"}]},
        {"p": {"variable": {"name": "BasicAuthPassword"}, "variableAttribute": [{"value": "hunter2"}]}},
        {"vpn": {"server": "v", "user": "u", "password": "hunter2", "key": "hunter2", "type": "PPTP"}},
        {"apn": {"apnUserName": "u", "apnPassword": "hunter2", "simPin": "hunter2"}},
        {"idToken": {"idToken": "hunter2", "type": "KeyCode"}},
        {"api_key": "hunter2", "client-secret": "hunter2"},
    ],
)
def test_secrets_are_blanked(lines, event):
    structlog.get_logger("x").warning("seen", **event)
    (line,) = lines()
    assert "hunter2" not in str(line)
    assert log.BLANK in str(line)


@pytest.mark.parametrize(
    "value",
    [
        {"key": "HeartbeatInterval", "value": "300"},
        {"variable": {"name": "HeartbeatInterval"}, "attributeValue": "300"},
        {"idToken": {"idToken": "04A2", "type": "ISO14443"}},
        {"url": "wss://host:9443/ocpp/CP-1", "password": None},
        ["Token DEMO-TOKEN is blocked", 1.5, None, True],
    ],
)
def test_everything_else_stays(value):
    assert log.redacted(value) == value


def test_redacting_leaves_the_original_alone():
    payload = {"key": "AuthorizationKey", "value": "hunter2"}
    log.redacted(payload)
    assert payload["value"] == "hunter2"


def test_console_style_is_for_people():
    stream = io.StringIO()
    log.configure("console", "debug", stream)
    structlog.get_logger("x").debug("hello", password="hunter2")
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = []
    assert "hello" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()
