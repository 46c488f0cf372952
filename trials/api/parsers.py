"""The one parser of request bodies: strict JSON."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

from trials.sanitise import UnfitValue, parse_json

# A report may hold a list of batches of points, but nothing in the API nests deeper than a plan does.
MAX_DEPTH = 32


class BodyTooLarge(APIException):
    """413: the body is longer than the site reads."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"


class StrictJSONParser(BaseParser):
    """Read a body with `trials.sanitise.parse_json`; what it refuses is a 400 that names the place."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit: int = settings.API_MAX_BODY_BYTES
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge(f"The body is longer than {limit} bytes; send it in smaller pieces.")
        try:
            return parse_json(body, max_depth=MAX_DEPTH, max_bytes=limit)
        except UnfitValue as error:
            raise ParseError(str(error), code="malformed_json") from None
