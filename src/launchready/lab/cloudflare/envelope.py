"""The envelope of every answer of the API, and the refusals in it, with the codes Cloudflare gives them where that is
public; which are guessed is in docs/decisions/0070."""

from __future__ import annotations

import json
from typing import Any

from launchready.lab.world import Response

JSON = ("Content-Type", "application/json")


class Refused(Exception):
    """A request the API does not do; becomes the envelope of an error."""

    def __init__(self, status: int, code: int, message: str, *, pointer: str = "", chain: tuple[int, str] = (0, "")):
        self.status, self.code, self.message = status, code, message
        self.pointer = pointer
        """Where in the body, as a JSON pointer (RFC 6901)."""
        self.chain = chain
        super().__init__(message)


def done(result: Any, info: dict[str, Any] | None = None, *, status: int = 200) -> Response:
    """What the API answers to what it did."""
    body: dict[str, Any] = {"result": result, "success": True, "errors": [], "messages": []}
    if info is not None:
        body["result_info"] = info
    return Response(status, (JSON,), json.dumps(body))


def refusal(error: Refused) -> Response:
    """What the API answers to what it did not do."""
    said: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.pointer:
        said["source"] = {"pointer": error.pointer}
    if error.chain[0]:
        said["error_chain"] = [{"code": error.chain[0], "message": error.chain[1]}]
    body = {"result": None, "success": False, "errors": [said], "messages": []}
    return Response(error.status, (JSON,), json.dumps(body))
