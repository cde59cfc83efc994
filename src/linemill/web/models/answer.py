"""What all answers have in common, and the one body of refusals."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """What all answers have in common: nothing in them changes, and nothing is in them that is not described."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Trouble(Answer):
    """Why a request was refused."""

    code: str = Field(description="Stable: `not_found`, `not_signed_in`, `forbidden`, `usage` and the like.")
    what: str = Field(description="What happened, in words.")
    where: str = Field("", description="What it is about: a parameter, a file. Empty if that is plain.")
    hint: str = Field("", description="What to do about it; may be empty.")


class Refusal(Answer):
    """The one body of all refusals."""

    error: Trouble
