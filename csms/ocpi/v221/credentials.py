"""The credentials module (OCPI 2.2.1 §7): a partner registers, exchanges its tokens anew, or leaves."""

from csms.model import credentials_document as document
from csms.model.ocpi_status import OcpiStatus
from csms.ocpi.request import OcpiRequest, Reply
from csms.services import parties, registration


async def get(request: OcpiRequest) -> Reply:
    """Answer with our credentials and the token the partner uses now."""
    roles = parties.own_roles(request.tenant)
    return Reply(data=document.credentials(request.proof.text, f"{request.base_url}/versions", roles))


async def post(request: OcpiRequest) -> Reply:
    """Register the partner whose invitation this is; we ask for its versions while it waits."""
    theirs = document.read(request.body)
    token = await registration.accept(request.house, request.party, request.proof, theirs)
    return _ours(request, token)


async def put(request: OcpiRequest) -> Reply:
    """Take new credentials of a registered partner, and give it a new token."""
    theirs = document.read(request.body)
    token = await registration.renew(request.house, request.party, request.proof, theirs)
    return _ours(request, token)


async def delete(request: OcpiRequest) -> Reply:
    """End the registration, as the partner wishes."""
    await registration.leave(request.house, request.party, request.proof)
    return Reply(status=OcpiStatus.SUCCESS)


def _ours(request: OcpiRequest, token: str) -> Reply:
    roles = parties.own_roles(request.tenant)
    return Reply(data=document.credentials(token, f"{request.base_url}/versions", roles))
