"""Errors as AWS words them, in the four protocols that kmax's services speak."""

from __future__ import annotations

import json
from uuid import uuid4
from xml.sax.saxutils import escape

#: Codes whose HTTP status is not 400.
STATUS = {
    "RequestLimitExceeded": 503,
    "Unavailable": 503,
    "ServiceUnavailable": 503,
    "ServiceUnavailableException": 503,
    "InternalError": 500,
    "InternalFailure": 500,
    "ResourceContention": 500,
    "ServiceLinkedRoleFailure": 500,
    "ServerException": 500,
    "InternalServerError": 500,
    "DryRunOperation": 412,
    "UnauthorizedOperation": 403,
    "AccessDenied": 403,
    "AccessDeniedException": 400,
    "AuthFailure": 401,
    "ResourceNotFoundException": 404,
    "ResourceInUseException": 409,
    "NoSuchEntity": 404,
    "EntityAlreadyExists": 409,
}

#: How each service is spoken to.
PROTOCOLS = {
    "ec2": "ec2",
    "autoscaling": "query",
    "sts": "query",
    "iam": "query",
    "ssm": "json",
    "servicequotas": "json",
    "eks": "rest-json",
}


class AwsError(Exception):
    """An error that a service answers with."""

    def __init__(self, code: str, message: str, status: int | None = None):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status or STATUS.get(code, 400)


class ValidationError(AwsError):
    """Auto Scaling's answer to nearly everything that is wrong with a request."""

    def __init__(self, message: str):
        super().__init__("ValidationError", message)


def render_error(service: str, error: AwsError) -> tuple[int, list[tuple[str, str]], bytes]:
    """Renders an error as the service's protocol wants it: status, headers, body."""
    protocol = PROTOCOLS.get(service, "query")
    request_id = str(uuid4())
    headers = [("x-amzn-RequestId", request_id), ("Server", "AmazonEC2")]
    code, message = escape(error.code), escape(error.message)
    if protocol == "ec2":
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error>"
            f"</Errors><RequestID>{request_id}</RequestID></Response>"
        )
        headers.append(("Content-Type", "text/xml;charset=UTF-8"))
    elif protocol == "query":
        fault = "Receiver" if error.status >= 500 else "Sender"
        body = (
            f"<ErrorResponse><Error><Type>{fault}</Type><Code>{code}</Code>"
            f"<Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        headers.append(("Content-Type", "text/xml"))
    elif protocol == "json":
        body = json.dumps({"__type": error.code, "message": error.message})
        headers += [
            ("Content-Type", "application/x-amz-json-1.1"),
            ("x-amzn-ErrorType", error.code),
        ]
    else:
        body = json.dumps({"message": error.message})
        headers += [("Content-Type", "application/json"), ("x-amzn-ErrorType", error.code)]
    return error.status, headers, body.encode()
