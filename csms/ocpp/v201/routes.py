"""OCPP 2.0.1: every action, one row each; 25 from stations (Heartbeat is answered from memory), 40 to them.

A test compares both tables with the action enum of the `ocpp` package.
"""

from datetime import timedelta
from typing import Final

from csms.model.command import Purpose
from csms.ocpp import certificates
from csms.ocpp import contracts as con
from csms.ocpp.route import Inbound, Outbound
from csms.ocpp.shapes import agreed, begun, plain, promise
from csms.ocpp.v201 import charging, display
from csms.ocpp.v201 import contracts as contracts_201
from csms.ocpp.v201 import device_model as dm
from csms.ocpp.v201 import outbound as out
from csms.ocpp.v201 import reports as rep
from csms.ocpp.v201 import security_reports as sec
from csms.ocpp.v201 import translate as tr
from csms.services import (
    boots,
    charging_needs,
    charging_profiles,
    customer_information,
    device_reports,
    display_messages,
    profile_reports,
    station_security,
    stations,
    transaction_events,
    transactions,
)

INBOUND: Final[dict[str, Inbound]] = {
    "Authorize": Inbound(
        con.read_authorize, con.authorize, contracts_201.authorize_answer, prepare=con.judge
    ),
    "BootNotification": Inbound(tr.boot, boots.take, tr.boot_answer),
    "ClearedChargingLimit": Inbound(charging.read_lifted, charging_profiles.limit_lifted, tr.empty),
    "DataTransfer": Inbound(tr.verbatim, rep.kept("data.transfer"), rep.answering(status="UnknownVendorId")),
    "FirmwareStatusNotification": Inbound(rep.read_firmware, rep.firmware, tr.empty),
    "Get15118EVCertificate": Inbound(con.read_ev_request, con.keep, con.ev_answer, prepare=con.ask_provider),
    "GetCertificateStatus": Inbound(
        con.read_status_request, con.keep, con.status_answer, prepare=con.ask_responder
    ),
    "LogStatusNotification": Inbound(tr.verbatim, rep.upload, tr.empty),
    "MeterValues": Inbound(tr.meter_values, transactions.meter_values, tr.empty),
    "NotifyChargingLimit": Inbound(charging.read_limit, charging_profiles.limit_told, tr.empty),
    "NotifyCustomerInformation": Inbound(display.read_customer, customer_information.reported, tr.empty),
    "NotifyDisplayMessages": Inbound(display.read_messages, display_messages.reported, tr.empty),
    "NotifyEVChargingNeeds": Inbound(charging.read_needs, charging_needs.take, charging.needs_answer),
    "NotifyEVChargingSchedule": Inbound(
        charging.read_schedule_told, charging_needs.plan, charging.schedule_answer
    ),
    "NotifyEvent": Inbound(rep.read_events, rep.events, tr.empty),
    "NotifyMonitoringReport": Inbound(rep.read_monitoring_report, device_reports.take, tr.empty),
    "NotifyReport": Inbound(rep.read_device_report, device_reports.take, tr.empty),
    "PublishFirmwareStatusNotification": Inbound(rep.read_firmware, rep.firmware, tr.empty),
    "ReportChargingProfiles": Inbound(charging.read_report, profile_reports.take_report, tr.empty),
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
    "ChangeAvailability": Outbound(out.change_availability, out.availability),
    "ClearCache": Outbound(plain, agreed),
    "ClearChargingProfile": Outbound(plain, charging.profiles_cleared),
    "ClearDisplayMessage": Outbound(plain, agreed),
    "ClearVariableMonitoring": Outbound(plain, dm.monitors_cleared),
    "CostUpdated": Outbound(plain, agreed),
    "CustomerInformation": Outbound(out.customer_information, out.customer_informed),
    "DataTransfer": Outbound(plain, agreed),
    "DeleteCertificate": Outbound(plain, certificates.deleted),
    "GetBaseReport": Outbound(dm.base_report, dm.report_promised),
    "GetChargingProfiles": Outbound(_REPORT, charging.profiles_asked),
    "GetCompositeSchedule": Outbound(plain, agreed),
    "GetDisplayMessages": Outbound(_REPORT, agreed),
    "GetInstalledCertificateIds": Outbound(plain, certificates.held_201),
    "GetLocalListVersion": Outbound(plain, out.list_version),
    "GetLog": Outbound(_LOG, begun),
    "GetMonitoringReport": Outbound(dm.monitoring_report, dm.report_promised),
    "GetReport": Outbound(dm.report, dm.report_promised),
    "GetTransactionStatus": Outbound(plain, agreed),
    "GetVariables": Outbound(plain, dm.variables_got),
    "InstallCertificate": Outbound(plain, certificates.installed),
    "PublishFirmware": Outbound(_FIRMWARE, agreed),
    "RequestStartTransaction": Outbound(out.request_start, charging.start_answered),
    "RequestStopTransaction": Outbound(out.request_stop, agreed),
    "ReserveNow": Outbound(out.discreet, out.reserved),
    "Reset": Outbound(out.reset, agreed),
    "SendLocalList": Outbound(out.discreet, out.list_sent),
    "SetChargingProfile": Outbound(plain, charging.profile_set),
    "SetDisplayMessage": Outbound(plain, agreed),
    "SetMonitoringBase": Outbound(plain, dm.base_set),
    "SetMonitoringLevel": Outbound(plain, dm.level_set),
    "SetNetworkProfile": Outbound(out.network_profile, agreed),
    "SetVariableMonitoring": Outbound(plain, dm.monitors_set),
    "SetVariables": Outbound(dm.set_variables, dm.variables_set),
    "TriggerMessage": Outbound(plain, agreed),
    "UnlockConnector": Outbound(plain, agreed),
    "UnpublishFirmware": Outbound(plain, agreed),
    "UpdateFirmware": Outbound(_FIRMWARE, begun),
}
