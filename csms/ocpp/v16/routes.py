"""OCPP 1.6J: every action, one row each; 14 from stations (Heartbeat is answered from memory), 26 to them.

A test compares both tables with the action enums of the `ocpp` package.
"""

from datetime import timedelta
from typing import Final

from csms.model.command import Purpose
from csms.ocpp import certificates
from csms.ocpp.route import Inbound, Outbound
from csms.ocpp.shapes import agreed, begun, plain, promise
from csms.ocpp.v16 import charging, pnc, reports
from csms.ocpp.v16 import outbound as out
from csms.ocpp.v16 import security_reports as sec
from csms.ocpp.v16 import translate as tr
from csms.services import boots, station_security, stations, tokens, transactions

INBOUND: Final[dict[str, Inbound]] = {
    "Authorize": Inbound(tr.authorize, tokens.authorize, tr.authorize_answer),
    "BootNotification": Inbound(tr.boot, boots.take, tr.boot_answer),
    "DataTransfer": Inbound(pnc.read, pnc.take, pnc.answer, prepare=pnc.prepare),
    "DiagnosticsStatusNotification": Inbound(tr.verbatim, reports.upload, tr.empty),
    "FirmwareStatusNotification": Inbound(tr.verbatim, reports.firmware, tr.empty),
    "LogStatusNotification": Inbound(tr.verbatim, reports.upload, tr.empty),
    "MeterValues": Inbound(tr.meter_values, transactions.meter_values, tr.empty),
    "SecurityEventNotification": Inbound(sec.read_event, sec.event, tr.empty),
    "SignCertificate": Inbound(sec.read_request, station_security.sign_certificate, sec.request_answer),
    "SignedFirmwareStatusNotification": Inbound(tr.verbatim, reports.firmware, tr.empty),
    "StartTransaction": Inbound(tr.start, transactions.start, tr.start_answer, replay=True),
    "StatusNotification": Inbound(tr.status, stations.status, tr.empty),
    "StopTransaction": Inbound(tr.stop, transactions.stop, tr.stop_answer, replay=True),
}

_RESET: Final = promise(Purpose.RESET, timedelta(minutes=15))
_FIRMWARE: Final = promise(Purpose.FIRMWARE, timedelta(hours=24))
_LOG: Final = promise(Purpose.LOG, timedelta(hours=2))

OUTBOUND: Final[dict[str, Outbound]] = {
    "CancelReservation": Outbound(plain, out.reservation_cancelled),
    "CertificateSigned": Outbound(plain, agreed),
    "ChangeAvailability": Outbound(out.change_availability, out.availability),
    "ChangeConfiguration": Outbound(out.change_configuration, out.configuration_changed),
    "ClearCache": Outbound(plain, agreed),
    "ClearChargingProfile": Outbound(plain, charging.profiles_cleared),
    "DataTransfer": Outbound(plain, pnc.transferred),
    "DeleteCertificate": Outbound(plain, certificates.deleted),
    "ExtendedTriggerMessage": Outbound(plain, agreed),
    "GetCompositeSchedule": Outbound(plain, agreed),
    "GetConfiguration": Outbound(plain, out.configuration),
    "GetDiagnostics": Outbound(_LOG, begun),
    "GetInstalledCertificateIds": Outbound(plain, certificates.held_16),
    "GetLocalListVersion": Outbound(plain, out.list_version),
    "GetLog": Outbound(_LOG, begun),
    "InstallCertificate": Outbound(plain, certificates.installed),
    "RemoteStartTransaction": Outbound(out.remote_start, charging.start_answered),
    "RemoteStopTransaction": Outbound(out.remote_stop, agreed),
    "ReserveNow": Outbound(plain, out.reserved),
    "Reset": Outbound(_RESET, agreed),
    "SendLocalList": Outbound(plain, out.list_sent),
    "SetChargingProfile": Outbound(plain, charging.profile_set),
    "SignedUpdateFirmware": Outbound(_FIRMWARE, begun),
    "TriggerMessage": Outbound(plain, agreed),
    "UnlockConnector": Outbound(plain, agreed),
    "UpdateFirmware": Outbound(_FIRMWARE, begun),
}
