"""The status codes of OCPI 2.2.1 (§5), and the one error that carries them to a partner."""

from enum import IntEnum

from csms.errors import CsmsError


class OcpiStatus(IntEnum):
    """Every code the standard defines; there is no 2005."""

    SUCCESS = 1000
    CLIENT_ERROR = 2000
    INVALID = 2001
    NOT_ENOUGH_INFORMATION = 2002
    UNKNOWN_LOCATION = 2003
    UNKNOWN_TOKEN = 2004
    SERVER_ERROR = 3000
    CLIENT_API_UNUSABLE = 3001
    UNSUPPORTED_VERSION = 3002
    NO_MATCHING_ENDPOINTS = 3003
    HUB_ERROR = 4000
    UNKNOWN_RECEIVER = 4001
    TIMEOUT_ON_FORWARDED = 4002
    CONNECTION_PROBLEM = 4003


class OcpiRefusal(CsmsError):
    """A request of a partner's cannot be done: what its answer says, in the envelope and in HTTP."""

    code = "ocpi_refusal"

    def __init__(self, status: OcpiStatus, text: str, *, http: int = 200) -> None:
        super().__init__(text)
        self.status = status
        self.http = http
