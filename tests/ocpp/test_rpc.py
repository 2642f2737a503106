"""Frames: what is understood, what is answered to nonsense, per version."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.ocpp import rpc
from csms.ocpp.rpc import Call, CallError, CallResult, ErrorCode, Malformed, Version


def test_a_call_keeps_its_id_and_payload_as_they_were_written() -> None:
    call = rpc.decode(b'[2, "a-1" , "Heartbeat", {"x": 1.50}]', "1.6")
    assert call == Call(b'"a-1"', "a-1", "Heartbeat", {"x": 1.5}, b'{"x": 1.50}')


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"123", "123"),
        (b'"\\u0041\\"b"', 'A"b'),
        ('"ä€"'.encode(), "ä€"),
        (b'""', ""),
        (b"-7", "-7"),
        (b"1.50", "1.50"),
    ],
)
def test_every_readable_id_is_echoed_verbatim(raw: bytes, text: str) -> None:
    call = rpc.decode(b"[2," + raw + b',"Heartbeat",{}]', "2.0.1")
    assert isinstance(call, Call)
    assert call.message_id == text
    assert rpc.encode_result(call.raw_id, {}) == b"[3," + raw + b",{}]"


def test_a_null_payload_is_an_empty_one() -> None:
    call = rpc.decode(b'[2,"1","Heartbeat",null]', "1.6")
    assert isinstance(call, Call)
    assert call.payload == {}


FRAMEWORK = ("-1", "RpcFrameworkError")
NONSENSE: list[tuple[bytes, tuple[Any, str] | None, tuple[Any, str] | None]] = [
    (b"", None, FRAMEWORK),
    (b"hello", None, FRAMEWORK),
    (b"{}", None, FRAMEWORK),
    (b"[]", None, FRAMEWORK),
    (b"7", None, FRAMEWORK),
    (b"[2]", None, FRAMEWORK),
    (b"[" * 100_000, None, FRAMEWORK),
    (b'[2,"7","Heartbeat"]', ("7", "ProtocolError"), ("7", "RpcFrameworkError")),
    (b'[2,"7","Heartbeat",{},1]', ("7", "ProtocolError"), ("7", "RpcFrameworkError")),
    (b'[2,"7",{"a":1},{}]', ("7", "ProtocolError"), ("7", "RpcFrameworkError")),
    (b'[2,7,"Heartbeat",[]]', (7, "FormationViolation"), (7, "FormatViolation")),
    (b'[2,"7","MeterValues",{"a":NaN}]', ("7", "FormationViolation"), ("7", "FormatViolation")),
    (b'[2,"7","MeterValues",{"a":-Infinity}]', ("7", "FormationViolation"), ("7", "FormatViolation")),
    (b'[2,"7","MeterValues",{"a":1e999}]', ("7", "FormationViolation"), ("7", "FormatViolation")),
    (b'[2,"7","MeterValues",{"a":', ("7", "FormationViolation"), ("7", "FormatViolation")),
    (
        b'[2,"7","DataTransfer",' + b'{"a":' * 80 + b"1" + b"}" * 81,
        ("7", "FormationViolation"),
        ("7", "FormatViolation"),
    ),
    (b'[2,null,"Heartbeat",{}]', None, FRAMEWORK),
    (b'[2,["7"],"Heartbeat",{}]', None, FRAMEWORK),
    (b'[2,true,"Heartbeat",{}]', None, FRAMEWORK),
    (b'[2,"' + b"x" * 300 + b'","Heartbeat",{}]', None, FRAMEWORK),
    (b'[9,"7","Heartbeat",{}]', None, ("7", "MessageTypeNotSupported")),
    (b'["2","7","Heartbeat",{}]', None, ("7", "MessageTypeNotSupported")),
    (b'[3,"7"]', None, None),
    (b'[3,"7",[]]', None, None),
    (b'[3,"7",{"a":NaN}]', None, None),
    (b"[3,null,{}]", None, None),
    (b"[4]", None, None),
]


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
@pytest.mark.parametrize(("text", "in_16", "in_201"), NONSENSE, ids=lambda value: repr(value)[:40])
def test_nonsense_is_answered_as_the_version_wants(
    text: bytes, in_16: tuple[Any, str] | None, in_201: tuple[Any, str] | None, version: Version
) -> None:
    found = rpc.decode(text, version)
    assert isinstance(found, Malformed)
    assert found.reason
    expected = in_16 if version == "1.6" else in_201
    if expected is None:
        assert found.answer is None
    else:
        assert found.answer is not None
        kind, message_id, code, description, details = json.loads(found.answer)
        assert (kind, (message_id, code), details) == (4, expected, {})
        assert 0 < len(description) <= 255


def test_an_unreadable_answer_names_the_request_it_was_for() -> None:
    for text in (b'[3,"q1"]', b'[3,"q1",{"a":Infinity}]', b'[4,"q1",tru', b'[3,"q1",7]'):
        found = rpc.decode(text, "2.0.1")
        assert isinstance(found, Malformed)
        assert found.answers_id == "q1"


def test_a_result() -> None:
    assert rpc.decode(b'[3,"q1",{"status":"Accepted"}]', "1.6") == CallResult(
        "q1", {"status": "Accepted"}, b'{"status":"Accepted"}'
    )


@pytest.mark.parametrize(
    ("text", "code", "description"),
    [
        (b'[4,"q1","FormationViolation","no",{}]', ErrorCode.FORMAT_VIOLATION, "no"),
        (b'[4,"q1","FormatViolation","no",{}]', ErrorCode.FORMAT_VIOLATION, "no"),
        (b'[4,"q1","OccurenceConstraintViolation","",{}]', ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, ""),
        (b'[4,"q1","OccurrenceConstraintViolation","",{}]', ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, ""),
        (b'[4,"q1","notimplemented","x"]', ErrorCode.NOT_IMPLEMENTED, "x"),
        (b'[4,"q1","Whatever"]', ErrorCode.GENERIC_ERROR, ""),
        (b'[4,"q1"]', ErrorCode.GENERIC_ERROR, ""),
        (b'[4,"q1",null,null,null]', ErrorCode.GENERIC_ERROR, ""),
        (b'[4,"q1","GenericError","' + b"x" * 3000 + b'",{"a":[1]},1]', ErrorCode.GENERIC_ERROR, "x" * 3000),
    ],
)
def test_errors_of_every_spelling_are_read(text: bytes, code: ErrorCode, description: str) -> None:
    found = rpc.decode(text, "2.0.1")
    assert isinstance(found, CallError)
    assert (found.message_id, found.code, found.description) == ("q1", code, description)


@pytest.mark.parametrize("code", list(ErrorCode))
def test_errors_are_spelled_as_each_version_wants(code: ErrorCode) -> None:
    known_16 = {
        "NotImplemented", "NotSupported", "InternalError", "ProtocolError", "SecurityError", "FormationViolation",
        "PropertyConstraintViolation", "OccurenceConstraintViolation", "TypeConstraintViolation", "GenericError",
    }  # fmt: skip
    known_201 = known_16 - {"FormationViolation", "OccurenceConstraintViolation"} | {
        "FormatViolation", "OccurrenceConstraintViolation", "MessageTypeNotSupported", "RpcFrameworkError",
    }  # fmt: skip
    assert rpc.spelling(code, "1.6") in known_16
    assert rpc.spelling(code, "2.0.1") in known_201
    sent = json.loads(rpc.encode_error(b"5", code, 'a "quoted" ä' + "x" * 400, "1.6"))
    assert sent[:3] == [4, 5, rpc.spelling(code, "1.6")]
    assert sent[3].startswith('a "quoted" ä')
    assert len(sent[3]) == 255


def test_decimals_keep_their_digits() -> None:
    assert rpc.encode_call("q1", "SetChargingProfile", {"limit": Decimal("8.10")}) == (
        b'[2,"q1","SetChargingProfile",{"limit":8.10}]'
    )


def test_depth_is_counted_outside_of_strings() -> None:
    assert not rpc.too_deep(json.dumps(["[{" * 500, {"a": '\\"[[[['}]).encode())
    assert not rpc.too_deep(json.dumps([[{}, []]] * 500).encode())
    assert not rpc.too_deep(b"[" * 64 + b"]" * 64)
    assert rpc.too_deep(b"[" * 65 + b"]" * 65)
    assert rpc.too_deep((b'{"a":[' * 40) + b"1" + (b"]}" * 40))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@settings(deadline=None)
@given(json_values, st.sampled_from(["1.6", "2.0.1"]))
def test_no_json_value_raises(value: Any, version: Version) -> None:
    rpc.decode(json.dumps(value).encode(), version)


@settings(deadline=None)
@given(st.text() | st.text(alphabet='[]{}",:234\\ eE-+.tnu'), st.sampled_from(["1.6", "2.0.1"]))
def test_no_text_raises(text: str, version: Version) -> None:
    found = rpc.decode(text.encode(errors="replace"), version)
    if isinstance(found, Malformed) and found.answer is not None:
        assert json.loads(found.answer)[0] == 4


MIB = 1_000_000
HOSTILE = {
    "openers": b"[" * MIB,
    "pairs": b'[2,"1","X",{"a":[' + b"[]," * (MIB // 3) + b"[]]}]",
    "deep pairs": b'[2,"1","X",{"a":[' + (b"[" * 60 + b"]" * 60 + b",") * (MIB // 121) + b"[]]}]",
    "an endless string of quotes": b'["' + b'\\"' * (MIB // 2) + b"[[" * 100,
    "an endless string of brackets": b'[2,"1","X",{"a":["' + b'{["' * (MIB // 3),
    "digits": b'[2,"1","X",{"a":' + b"9" * MIB + b"}]",
    "a long id": b"[2," + b"9" * MIB + b',"X",{}]',
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_message_of_a_mebibyte_takes_long(text: bytes) -> None:
    began = time.process_time()
    rpc.decode(text, "2.0.1")
    assert time.process_time() - began < 2
