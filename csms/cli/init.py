"""csms init: data directory, database, first tenant, first administrator, certificate authority."""

import typer

from csms.cli._console import JsonFlag, out, print_json, run, session
from csms.cli.pki import own_names


def init(
    ctx: typer.Context,
    email: str = typer.Option("admin@localhost", "--email", help="E-mail of the first administrator."),
    tenant: str = typer.Option("default", "--tenant", help="Name of the first tenant."),
    country: str = typer.Option("DE", "--country", help="Its country, ISO 3166."),
    party_id: str = typer.Option("CSM", "--party-id", help="Its OCPI party id."),
    currency: str = typer.Option("EUR", "--currency", help="Its currency, ISO 4217."),
    timezone: str = typer.Option("Europe/Berlin", "--timezone", help="Its time zone, an IANA name."),
    no_pki: bool = typer.Option(False, "--no-pki", help="Make no certificate authority: no TLS by itself."),
    host: list[str] = typer.Option([], "--host", help="Name or address that stations use; repeatable."),
    organization: str | None = typer.Option(
        None, "--organization", help="The operator as certificates bear it; the tenant's name if absent."
    ),
    json: bool = JsonFlag,
) -> None:
    """Set this machine up: data directory, database, first tenant and administrator, certificate authority."""
    from csms import master_key
    from csms.services import pki_policy
    from csms.store import migrate  # here, as in the other verbs: most of them never open the database

    config = session(ctx).config
    config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not no_pki:
        master_key.ensure(pki_policy.key_file(config))
    migrate.migrate(config.store.url)
    first = run(
        ctx, "init", email=email, tenant=tenant, country_code=country, party_id=party_id, currency=currency,
        time_zone=timezone, hosts=None if no_pki else host or own_names(), organization=organization,
    )  # fmt: skip
    shown = {
        "adminEmail": first["adminEmail"],
        "adminPassword": first["adminPassword"],
        "tenantId": first["tenantId"],
        "dataDir": str(config.data_dir.resolve()),
    }
    if json:
        print_json(shown)
        return
    out.print(_next_steps(shown, first["tenantName"]))


def _next_steps(shown: dict[str, str], tenant: str) -> str:
    return (
        f"Ready: {shown['dataDir']} with tenant {tenant}.\n\n"
        f"  administrator  {shown['adminEmail']}\n"
        f"  password       {shown['adminPassword']}   (shown this once: write it down)\n\n"
        "Next:\n"
        "  csms serve                     start the appliance\n"
        "  csms station add STATION-1     register a station; it prints the password to set in it\n"
        "  csms token add CARD-UID        let an id token charge\n"
        "  csms tariff add FILE.json      add an OCPI tariff; csms tariff assign ID lets it apply\n"
        "  csms pki export --out root.pem the root certificate that stations with TLS must trust\n"
        "  csms doctor                    says what is wrong, if anything is"
    )
