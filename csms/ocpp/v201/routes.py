"""OCPP 2.0.1: every action, one row each; 25 from stations (Heartbeat is answered from memory), 40 to them.

A test compares both tables with the action enum of the `ocpp` package.
"""

from datetime import timedelta
from typing import Final

from csms.model.command import Purpose
from csms.ocpp import certificates
from csms.ocpp.route import Inbound, Outbound
from csms.ocpp.shapes import agreed, plain, promise
from csms.ocpp.v201 import device_model as dm
from csms.ocpp.v201 import outbound as out
from csms.ocpp.v201 import reports as rep
from csms.ocpp.v201 import security_reports as sec
from csms.ocpp.v201 import translate as tr
from csms.services import (
    boots,
    device_reports,
    station_security,
    stations,
    transaction_events,
    transactions,
)

_UNCHECKED: Final = rep.answering(status="Failed")
_ACCEPTED: Final = rep.answering(status="Accepted")
_REJECTED: Final = rep.answering(status="Rejected")

INBOUND: Final[dict[str, Inbound]] = {
    "Authorize": Inbound(rep.read_authorize, rep.authorize, rep.authorize_answer),
    "BootNotification": Inbound(tr.boot, boots.take, tr.boot_answer),
    "ClearedChargingLimit": Inbound(tr.verbatim, rep.kept("charging.limit"), tr.empty),
    "DataTransfer": Inbound(tr.verbatim, rep.kept("data.transfer"), rep.answering(status="UnknownVendorId")),
    "FirmwareStatusNotification": Inbound(tr.verbatim, rep.firmware, tr.empty),
    "Get15118EVCertificate": Inbound(
        tr.verbatim, rep.kept("certificate.requested"), rep.answering(status="Failed", exiResponse="")
    ),
    "GetCertificateStatus": Inbound(tr.verbatim, rep.kept("certificate.requested"), _UNCHECKED),
    "LogStatusNotification": Inbound(tr.verbatim, rep.upload, tr.empty),
    "MeterValues": Inbound(tr.meter_values, transactions.meter_values, tr.empty),
    "NotifyChargingLimit": Inbound(tr.verbatim, rep.kept("charging.limit"), tr.empty),
    "NotifyCustomerInformation": Inbound(
        rep.report_reader("customer.information"), device_reports.take, tr.empty
    ),
    "NotifyDisplayMessages": Inbound(rep.report_reader("display.messages"), device_reports.take, tr.empty),
    "NotifyEVChargingNeeds": Inbound(tr.verbatim, rep.kept("charging.needs"), _REJECTED),
    "NotifyEVChargingSchedule": Inbound(tr.verbatim, rep.kept("charging.schedule"), _ACCEPTED),
    "NotifyEvent": Inbound(rep.read_events, rep.events, tr.empty),
    "NotifyMonitoringReport": Inbound(rep.read_monitoring_report, device_reports.take, tr.empty),
    "NotifyReport": Inbound(rep.read_device_report, device_reports.take, tr.empty),
    "PublishFirmwareStatusNotification": Inbound(tr.verbatim, rep.firmware, tr.empty),
    "ReportChargingProfiles": Inbound(rep.report_reader("charging.profiles"), device_reports.take, tr.empty),
    "ReservationStatusUpdate": Inbound(tr.verbatim, rep.reservation_ended, tr.empty),
    "SecurityEventNotification": Inbound(sec.read_event, sec.event, tr.empty),
    "SignCertificate": Inbound(sec.read_request, station_security.sign_certificate, sec.request_answer),
    "StatusNotification": Inbound(tr.status, stations.status, tr.empty),
    "TransactionEvent": Inbound(tr.transaction_event, transaction_events.take, tr.transaction_answer),
}

_FIRMWARE: Final = promise(Purpose.FIRMWARE, timedelta(hours=24))
_LOG: Final = promise(Purpose.LOG, timedelta(hours=2))
_REPORT: Final = promise(Purpose.REPORT, dm.REPORT_WITHIN)

OUTBOUND: Final[dict[str, Outbound]] = {
    "CancelReservation": Outbound(plain, out.reservation_cancelled),
    "CertificateSigned": Outbound(plain, agreed),
    "ChangeAvailability": Outbound(plain, out.availability),
    "ClearCache": Outbound(plain, agreed),
    "ClearChargingProfile": Outbound(plain, agreed),
    "ClearDisplayMessage": Outbound(plain, agreed),
    "ClearVariableMonitoring": Outbound(plain, dm.monitors_cleared),
    "CostUpdated": Outbound(plain, agreed),
    "CustomerInformation": Outbound(out.customer_information, agreed),
    "DataTransfer": Outbound(plain, agreed),
    "DeleteCertificate": Outbound(plain, certificates.deleted),
    "GetBaseReport": Outbound(dm.base_report, dm.report_promised),
    "GetChargingProfiles": Outbound(_REPORT, agreed),
    "GetCompositeSchedule": Outbound(plain, agreed),
    "GetDisplayMessages": Outbound(_REPORT, agreed),
    "GetInstalledCertificateIds": Outbound(plain, certificates.held_201),
    "GetLocalListVersion": Outbound(plain, out.list_version),
    "GetLog": Outbound(_LOG, agreed),
    "GetMonitoringReport": Outbound(dm.monitoring_report, dm.report_promised),
    "GetReport": Outbound(dm.report, dm.report_promised),
    "GetTransactionStatus": Outbound(plain, agreed),
    "GetVariables": Outbound(plain, dm.variables_got),
    "InstallCertificate": Outbound(plain, certificates.installed),
    "PublishFirmware": Outbound(_FIRMWARE, agreed),
    "RequestStartTransaction": Outbound(out.request_start, agreed),
    "RequestStopTransaction": Outbound(out.request_stop, agreed),
    "ReserveNow": Outbound(out.discreet, out.reserved),
    "Reset": Outbound(out.reset, agreed),
    "SendLocalList": Outbound(out.discreet, out.list_sent),
    "SetChargingProfile": Outbound(plain, agreed),
    "SetDisplayMessage": Outbound(plain, agreed),
    "SetMonitoringBase": Outbound(plain, dm.base_set),
    "SetMonitoringLevel": Outbound(plain, dm.level_set),
    "SetNetworkProfile": Outbound(out.network_profile, agreed),
    "SetVariableMonitoring": Outbound(plain, dm.monitors_set),
    "SetVariables": Outbound(dm.set_variables, dm.variables_set),
    "TriggerMessage": Outbound(plain, agreed),
    "UnlockConnector": Outbound(plain, agreed),
    "UnpublishFirmware": Outbound(plain, agreed),
    "UpdateFirmware": Outbound(_FIRMWARE, agreed),
}
