"""Having a station upload a log: to a one-time address of ours, unless told where (OCPP 1.6 §5.9; 2.0.1 N01)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csms.model.command import CallStatus, Outcome
from csms.model.file_command import LogKind, UploadLog
from csms.model.station_file import StationFile
from csms.services import files, station_orders
from csms.services.commands import CallResult
from csms.services.errand import Errand
from csms.services.unit import Tx
from csms.store import abilities


@dataclass(frozen=True, slots=True)
class Upload:
    """Upload a log."""

    url: str | None = None
    kind: LogKind = LogKind.DIAGNOSTICS
    oldest_at: datetime | None = None
    latest_at: datetime | None = None
    retries: int | None = None
    retry_interval_s: int | None = None


async def upload(errand: Errand, order: Upload) -> tuple[CallResult, dict[str, Any]]:
    """Ask for a log, and remember which command the file will belong to."""
    unit = errand.house.unit
    command, file = await unit.run(lambda tx: _prepare(tx, errand, order))
    result = await errand.carry_out(command)
    detail: dict[str, Any] = {"requestId": command.request_id}
    if file is None:
        return result, detail
    if result.status is not CallStatus.ANSWERED or result.outcome is Outcome.REFUSED:
        await unit.run(lambda tx: files.not_coming(tx, file.id))
        return result, detail
    said = result.response or {}
    name = said.get("filename") or said.get("fileName")
    await unit.run(lambda tx: files.linked(tx, file.id, result.command_id, name))
    return result, detail | {"fileId": file.id}


def _prepare(tx: Tx, errand: Errand, order: Upload) -> tuple[UploadLog, StationFile | None]:
    """Give the upload a request id of its own, and a place to go to."""
    station = errand.station
    number = abilities.count(tx.db, station.id, "request")
    file, url = None, order.url
    if url is None:
        file, url = files.expect(tx, station, order.kind, files.base_url(tx, errand.reached), number)
    command = UploadLog(
        request_id=number,
        url=station_orders.address(url),
        kind=order.kind,
        oldest_at=station_orders.aware(order.oldest_at),
        latest_at=station_orders.aware(order.latest_at),
        retries=order.retries,
        retry_interval_s=order.retry_interval_s,
    )
    return command, file
