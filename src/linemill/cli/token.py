"""`linemill token`: who may sign in to the dashboard."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from linemill.cli.asking import JsonOption, OutOption, history_of, note, place_of, who
from linemill.cli.documents import FORM, errors_as_json, written
from linemill.cli.exits import Exit, told
from linemill.cli.opening import PipelineOption
from linemill.cli.paper import Paper
from linemill.cli.times import clock
from linemill.cli.wording import visible

if TYPE_CHECKING:
    from linemill.catalog.tokens import Token

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Say who may sign in to the dashboard.")


class Role(StrEnum):
    """Roles, for the option: those of the catalog, which is not loaded for `--help`."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


def create(
    role: Annotated[
        Role,
        typer.Option("--role", help="viewer: sees everything; operator: acts, too; admin: makes and revokes tokens, too."),
    ],
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="What is done with it is noted under this name.  [default: after the role]"),
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="TIME", help="For how long it is valid: 12h, 30d.  [default: for ever]")
    ] = None,
    pipeline: PipelineOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> Exit:
    """Make a token, and print this once what it says.

    With the first one everybody has to sign in to the dashboard, for good, on this machine, too.
    """
    from linemill.catalog import Catalog
    from linemill.catalog.records import Role as RoleOfCatalog
    from linemill.catalog.tokens import lifetime_s, new_secret

    now, secret = time.time(), new_secret()
    with errors_as_json(as_json):
        place = place_of(pipeline, out)
        valid_s = None if expires is None else lifetime_s(expires)
        with Catalog.open(place.folder, "token") as catalog:
            made = catalog.make_token(name, RoleOfCatalog(role.value), secret, who(), now, valid_s=valid_s)
    if as_json:
        print(written({"form": FORM, "token": _fields(made, now), "secret": secret}))
    else:
        note(f"token {made.id}, {made.name}: {made.role}, {_until(made, now)}; it is shown this once")
        print(secret)
    return Exit.DONE


def list_(pipeline: PipelineOption = None, out: OutOption = None, as_json: JsonOption = False) -> Exit:
    """List all tokens that were ever made; what they say is nowhere."""
    now = time.time()
    with errors_as_json(as_json), history_of(place_of(pipeline, out)) as history:
        tokens = history.tokens()
    if as_json:
        print(written({"form": FORM, "tokens": [_fields(token, now) for token in tokens]}))
        return Exit.DONE
    paper = Paper()
    if tokens:
        rows = [[str(token.id), token.role.value, clock(token.made_at), token.name, _until(token, now)] for token in tokens]
        paper.table(["id", "role", "made", "name", ""], rows, ["" if token.is_valid(now) else "dim" for token in tokens])
    else:
        paper.line("no tokens: on this machine nobody has to sign in, and no other one is served")
    paper.print()
    return Exit.DONE


def revoke(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="Its id or its name.", show_default=False)],
    pipeline: PipelineOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> Exit:
    """Let nobody sign in with a token any more.

    Whoever has is out within two seconds.
    """
    from linemill.catalog import Catalog
    from linemill.catalog.tokens import named

    with errors_as_json(as_json):
        place = place_of(pipeline, out)
        with history_of(place) as history, Catalog.open(place.folder, "token") as catalog:
            found = named(history.tokens(), token)
            was_valid = catalog.revoke_token(found, who(), time.time())
    if as_json:
        print(written({"form": FORM, "id": found.id, "name": found.name, "was_revoked": not was_valid}))
    else:
        print(f"{visible(found.name)} (id {found.id}) {'is' if was_valid else 'was'} revoked{'' if was_valid else ' already'}")
    return Exit.DONE


for name, command in (("create", create), ("list", list_), ("revoke", revoke)):
    app.command(name, no_args_is_help=command is not list_)(told(command))


def _until(token: Token, now: float) -> str:
    if token.revoked_at is not None:
        return f"revoked {clock(token.revoked_at)}"
    if token.expires_at is None:
        return "for ever"
    return f"{'until' if token.is_valid(now) else 'expired'} {clock(token.expires_at)}"


def _fields(token: Token, now: float) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role.value,
        "made_at": token.made_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "is_valid": token.is_valid(now),
    }
