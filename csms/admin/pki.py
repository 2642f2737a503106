"""What anybody may ask about our certificates over HTTP: revocation lists (RFC 5280), OCSP (RFC 6960), authorities."""

from quart import Response, request
from quart_trio import QuartTrio

from csms.errors import NotFound
from csms.services.revocation import LONGEST_REQUEST_BYTES, Published, Publisher


def attach(app: QuartTrio, publisher: Publisher) -> None:
    """Add the addresses under /pki/ to an application; nobody needs to sign in for them."""

    async def document(name: str) -> Response:
        try:
            return _response(await publisher.document(name))
        except NotFound as error:
            return Response(f"{error}\n", status=404, content_type="text/plain; charset=utf-8")

    async def post_ocsp() -> Response:
        request.max_content_length = LONGEST_REQUEST_BYTES
        body = await request.get_data()
        return _response(await publisher.ocsp(body if isinstance(body, bytes) else body.encode()))

    async def get_ocsp(question: str) -> Response:
        return _response(await publisher.ocsp_in_path(question))

    app.add_url_rule("/pki/<name>", view_func=document, endpoint="pki_document")
    app.add_url_rule("/pki/ocsp", view_func=post_ocsp, methods=["POST"], endpoint="pki_post_ocsp")
    app.add_url_rule("/pki/ocsp/<path:question>", view_func=get_ocsp, endpoint="pki_get_ocsp")


def _response(published: Published) -> Response:
    response = Response(published.content, content_type=published.media_type)
    response.headers["Cache-Control"] = (
        f"public, max-age={published.max_age_s}" if published.max_age_s else "no-store"
    )
    return response
