"""★ All 40 actions that a CSMS sends to a 2.0.1 station, one row each."""

from collections.abc import Callable
from typing import Final

from csms.simulator.frames import Payload
from csms.simulator.v201 import answers_charging as charging
from csms.simulator.v201 import answers_core as core
from csms.simulator.v201 import answers_device_model as device_model
from csms.simulator.v201 import answers_display as display
from csms.simulator.v201 import answers_features as features
from csms.simulator.v201 import answers_maintenance as maintenance
from csms.simulator.v201 import answers_monitoring as monitoring
from csms.simulator.v201 import answers_remote as remote
from csms.simulator.v201 import answers_security as security
from csms.simulator.v201.device import Device201

ANSWERS: Final[dict[str, Callable[[Device201, Payload], Payload]]] = {
    "CancelReservation": features.cancel_reservation,
    "CertificateSigned": security.certificate_signed,
    "ChangeAvailability": core.change_availability,
    "ClearCache": core.clear_cache,
    "ClearChargingProfile": charging.clear_charging_profile,
    "ClearDisplayMessage": display.clear_display_message,
    "ClearVariableMonitoring": monitoring.clear_variable_monitoring,
    "CostUpdated": remote.cost_updated,
    "CustomerInformation": maintenance.customer_information,
    "DataTransfer": core.data_transfer,
    "DeleteCertificate": security.delete_certificate,
    "GetBaseReport": device_model.get_base_report,
    "GetChargingProfiles": charging.get_charging_profiles,
    "GetCompositeSchedule": charging.get_composite_schedule,
    "GetDisplayMessages": display.get_display_messages,
    "GetInstalledCertificateIds": security.get_installed_certificate_ids,
    "GetLocalListVersion": features.get_local_list_version,
    "GetLog": maintenance.get_log,
    "GetMonitoringReport": monitoring.get_monitoring_report,
    "GetReport": device_model.get_report,
    "GetTransactionStatus": remote.get_transaction_status,
    "GetVariables": device_model.get_variables,
    "InstallCertificate": security.install_certificate,
    "PublishFirmware": maintenance.publish_firmware,
    "RequestStartTransaction": remote.request_start,
    "RequestStopTransaction": remote.request_stop,
    "ReserveNow": features.reserve_now,
    "Reset": core.reset,
    "SendLocalList": features.send_local_list,
    "SetChargingProfile": charging.set_charging_profile,
    "SetDisplayMessage": display.set_display_message,
    "SetMonitoringBase": monitoring.set_monitoring_base,
    "SetMonitoringLevel": monitoring.set_monitoring_level,
    "SetNetworkProfile": device_model.set_network_profile,
    "SetVariableMonitoring": monitoring.set_variable_monitoring,
    "SetVariables": device_model.set_variables,
    "TriggerMessage": remote.trigger_message,
    "UnlockConnector": core.unlock_connector,
    "UnpublishFirmware": maintenance.unpublish_firmware,
    "UpdateFirmware": maintenance.update_firmware,
}
