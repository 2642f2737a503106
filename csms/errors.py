"""The errors the product speaks of; each edge maps these classes to its own protocol's codes.

`exit_code` is the CLI's exit code for the class (docs/reference/cli.md).
"""


class CsmsError(Exception):
    """Base of every error that is meant to be shown to somebody."""

    code = "internal"
    exit_code = 1


class InvalidInput(CsmsError):
    """The request is malformed, or a value is out of its range."""

    code = "invalid_input"
    exit_code = 2


class ConfigError(InvalidInput):
    """The configuration cannot be used; the text names file, line, key and the mend."""

    code = "invalid_configuration"


class NotFound(CsmsError):
    """The named thing does not exist for this caller."""

    code = "not_found"
    exit_code = 3


class NotAllowed(CsmsError):
    """The caller's role does not permit the operation."""

    code = "not_allowed"
    exit_code = 4


class Unauthenticated(CsmsError):
    """Who asks has not proved to be anybody."""

    code = "unauthenticated"
    exit_code = 4


class TooBusy(CsmsError):
    """The caller asks too often, or too much is under way; `retry_after_s` seconds later it may do."""

    code = "too_many_requests"

    def __init__(self, text: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class Conflict(CsmsError):
    """The thing exists already, or its state forbids the operation."""

    code = "conflict"
    exit_code = 5


class FarEndFailed(CsmsError):
    """A station or partner is offline, did not answer in time, or refused."""

    code = "far_end_failed"
    exit_code = 6


class StationOffline(FarEndFailed):
    """The charging station has no connection to this appliance."""

    code = "station_offline"


class StationTimeout(FarEndFailed):
    """The charging station did not answer in time."""

    code = "station_timeout"


class StationRefused(FarEndFailed):
    """The charging station answered with an error or declined the request."""

    code = "station_refused"


class Unsupported(FarEndFailed):
    """The charging station, or the OCPP version it speaks, does not know what is asked."""

    code = "unsupported"


class NotRunning(CsmsError):
    """The operation needs the running appliance."""

    code = "not_running"
    exit_code = 7


class StoreUnavailable(CsmsError):
    """The database cannot be read or written now (disk full, connection lost)."""

    code = "store_unavailable"


class StoreStopped(StoreUnavailable):
    """The store has ended and will not come back in this process."""

    code = "store_stopped"


class StoreTooNew(StoreUnavailable):
    """The database was written by a newer version of the product."""

    code = "store_too_new"
