"""The API's description says of every route who may ask for it, and how they show who they are."""

from __future__ import annotations

import re
from typing import Any

from linemill.web.rights import EVERYBODY, needed

Description = dict[str, Any]

REFUSAL = {"$ref": "#/components/schemas/Refusal"}


def describe_rights(description: Description, cookie_name: str) -> None:
    """Add to a description in OpenAPI's form what the table says, and that every refusal may be a page.

    Args:
        description: Of the whole application; changed.
        cookie_name: What our cookie is called.
    """
    description.setdefault("components", {})["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "A token: `lm_...`."},
        "basic": {"type": "http", "scheme": "basic", "description": "A token as the password, with any name."},
        "cookie": {"type": "apiKey", "in": "cookie", "name": cookie_name, "description": "As `POST /sign-in` gives it."},
    }
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            role = needed((method.upper(), re.sub(r"\{[^}]*\}", "{}", path)))
            for response in operation["responses"].values():
                if response.get("content", {}).get("application/json", {}).get("schema") == REFUSAL:
                    response["content"]["text/html"] = {"schema": {"type": "string"}}
            if role is not EVERYBODY:
                words = "For a browser that has to sign in: the page for that."
                header = {"Location": {"schema": {"type": "string"}}}
                operation["responses"].setdefault("303", {"description": words, "headers": header})
            operation["security"] = [] if role is EVERYBODY else [{"bearer": []}, {"basic": []}, {"cookie": []}]
            words = "For everybody." if role is EVERYBODY else f"For {role}s" + (" and those above." if role != "admin" else ".")
            operation["description"] = f"{operation.get('description', '')}\n\n{words}".lstrip()
