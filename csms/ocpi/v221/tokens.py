"""The tokens module (OCPI 2.2.1 §12): partners bring theirs, and ask for ours."""

from csms.model import partner_token
from csms.model.partner_token import TokenKey
from csms.model.party import PartyKey
from csms.ocpi import paging
from csms.ocpi.request import OcpiRequest, Reply
from csms.services import own_tokens, partner_tokens


async def get_page(request: OcpiRequest) -> Reply:
    """List our id tokens, by when they changed."""
    wants = paging.wanted(request.query)
    items, total = await request.house.unit.read(
        lambda tx: own_tokens.page(
            tx, request.tenant, wants.date_from, wants.date_to, wants.offset, wants.limit
        )
    )
    return paging.page(request, wants, items, total)


async def authorize(request: OcpiRequest) -> Reply:
    """Say whether the holder of a token of ours may charge now."""
    type_ = partner_token.token_type(request.query.get("type"))
    uid = request.path["token_uid"]
    found = await request.house.unit.read(
        lambda tx: own_tokens.authorize(tx, request.tenant, uid, type_, request.body)
    )
    return Reply(data=found)


async def get(request: OcpiRequest) -> Reply:
    """Show a token that the partner gave us."""
    key = _key(request)
    return Reply(data=await request.house.unit.read(lambda tx: partner_tokens.show(tx, request.party, key)))


async def put(request: OcpiRequest) -> Reply:
    """Take a token from its owner."""
    key, token = _key(request), partner_token.read(request.body)
    is_new = await request.house.unit.run(lambda tx: partner_tokens.put(tx, request.party, key, token))
    return Reply(http=201 if is_new else 200)


async def patch(request: OcpiRequest) -> Reply:
    """Change some fields of a token that the partner gave us."""
    key = _key(request)
    await request.house.unit.run(lambda tx: partner_tokens.patch(tx, request.party, key, request.body))
    return Reply()


def _key(request: OcpiRequest) -> TokenKey:
    owner = PartyKey.of(request.path["country_code"], request.path["party_id"])
    return TokenKey.of(owner, request.path["token_uid"], partner_token.token_type(request.query.get("type")))
