"""OCPP 1.6J: every action, one row each; 14 from stations (Heartbeat is answered from memory), 26 to them.

A test compares both tables with the action enums of the `ocpp` package.
"""

from datetime import timedelta
from typing import Final

from csms.model.command import Purpose
from csms.ocpp.route import Inbound, Outbound
from csms.ocpp.v16 import outbound as out
from csms.ocpp.v16 import reports
from csms.ocpp.v16 import translate as tr
from csms.services import stations, tokens, transactions

INBOUND: Final[dict[str, Inbound]] = {
    "Authorize": Inbound(tr.authorize, tokens.authorize, tr.authorize_answer),
    "BootNotification": Inbound(tr.boot, reports.booted, tr.boot_answer),
    "DataTransfer": Inbound(tr.verbatim, reports.data_transfer, reports.data_transfer_answer),
    "DiagnosticsStatusNotification": Inbound(tr.verbatim, reports.upload, tr.empty),
    "FirmwareStatusNotification": Inbound(tr.verbatim, reports.firmware, tr.empty),
    "LogStatusNotification": Inbound(tr.verbatim, reports.upload, tr.empty),
    "MeterValues": Inbound(tr.meter_values, transactions.meter_values, tr.empty),
    "SecurityEventNotification": Inbound(reports.read_security_event, reports.security_event, tr.empty),
    "SignCertificate": Inbound(tr.verbatim, reports.sign_certificate, reports.sign_certificate_answer),
    "SignedFirmwareStatusNotification": Inbound(tr.verbatim, reports.firmware, tr.empty),
    "StartTransaction": Inbound(tr.start, transactions.start, tr.start_answer, replay=True),
    "StatusNotification": Inbound(tr.status, stations.status, tr.empty),
    "StopTransaction": Inbound(tr.stop, transactions.stop, tr.stop_answer, replay=True),
}

_RESET: Final = out.promise(Purpose.RESET, timedelta(minutes=15))
_FIRMWARE: Final = out.promise(Purpose.FIRMWARE, timedelta(hours=24))
_LOG: Final = out.promise(Purpose.LOG, timedelta(hours=2))

OUTBOUND: Final[dict[str, Outbound]] = {
    "CancelReservation": Outbound(out.plain, out.reservation_cancelled),
    "CertificateSigned": Outbound(out.plain, out.agreed),
    "ChangeAvailability": Outbound(out.plain, out.availability),
    "ChangeConfiguration": Outbound(out.change_configuration, out.configuration_changed),
    "ClearCache": Outbound(out.plain, out.agreed),
    "ClearChargingProfile": Outbound(out.plain, out.agreed),
    "DataTransfer": Outbound(out.plain, out.agreed),
    "DeleteCertificate": Outbound(out.plain, out.agreed),
    "ExtendedTriggerMessage": Outbound(out.plain, out.agreed),
    "GetCompositeSchedule": Outbound(out.plain, out.agreed),
    "GetConfiguration": Outbound(out.plain, out.configuration),
    "GetDiagnostics": Outbound(_LOG, out.agreed),
    "GetInstalledCertificateIds": Outbound(out.plain, out.agreed),
    "GetLocalListVersion": Outbound(out.plain, out.list_version),
    "GetLog": Outbound(_LOG, out.agreed),
    "InstallCertificate": Outbound(out.plain, out.agreed),
    "RemoteStartTransaction": Outbound(out.remote_start, out.agreed),
    "RemoteStopTransaction": Outbound(out.remote_stop, out.agreed),
    "ReserveNow": Outbound(out.plain, out.reserved),
    "Reset": Outbound(_RESET, out.agreed),
    "SendLocalList": Outbound(out.plain, out.list_sent),
    "SetChargingProfile": Outbound(out.plain, out.agreed),
    "SignedUpdateFirmware": Outbound(_FIRMWARE, out.agreed),
    "TriggerMessage": Outbound(out.plain, out.agreed),
    "UnlockConnector": Outbound(out.plain, out.agreed),
    "UpdateFirmware": Outbound(_FIRMWARE, out.agreed),
}
