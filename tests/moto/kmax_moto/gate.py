"""The gate before moto: control endpoints, the log, faults, our own operations, typed errors."""

from __future__ import annotations

import contextlib
import io
import re
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from moto.core.exceptions import ServiceException
from moto.core.request import Request
from moto.core.routing import get_service_router

from . import wire
from .control import AGENT, Control
from .errors import PROTOCOLS, AwsError, render_error
from .faults import CallLog, Fault, FaultBook, Limits, throttled
from .registry import OPERATIONS, Call, account_of

Environ = dict[str, Any]
App = Callable[[Environ, Any], Iterable[bytes]]

CREDENTIAL = re.compile(r"Credential=([A-Za-z0-9]+)/\d+/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")

#: One request at a time: moto's backends are not made for threads, and a Python process has one core anyway.
WORK = threading.RLock()


class Lost(ConnectionError):
    """The connection was cut on order; the server closes it without a word."""


@dataclass
class Incoming:
    """What a request says about itself."""

    service: str
    region: str
    account: str
    operation: str
    form: dict[str, str]


@dataclass
class Answer:
    """What goes back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Gate:
    """What stands before moto's WSGI application."""

    def __init__(self, moto: App):
        self.moto = moto
        self.faults = FaultBook()
        self.limits = Limits()
        self.log = CallLog()
        self.control = Control(self.faults, self.limits, self.log, WORK)

    def answer(self, environ: Environ) -> Answer:
        """Answers one request."""
        path = environ.get("PATH_INFO", "")
        body = drain(environ)
        if path.startswith("/kmax-test/"):
            status, headers, text = self.control.answer(environ, body)
            return Answer(status, headers, text)
        if path.startswith("/moto-api/"):
            with WORK:
                if path == "/moto-api/reset":
                    self.control.forget(None)
                return self.ask_moto(environ)
        incoming = identify(environ, body)
        if incoming is None:
            with WORK:
                return self.ask_moto(environ)
        hits: list[Fault] = []
        if AGENT not in environ.get("HTTP_USER_AGENT", ""):
            call = (incoming.account, incoming.service, incoming.operation)
            self.log.add(*call)
            if self.limits.exceeded(*call):
                self.log.throttle(incoming.account)
                return Answer(*render_error(incoming.service, throttled(incoming.service)))
            hits = self.faults.hit(incoming.service, incoming.operation, incoming.account)
        return self.serve(environ, incoming, hits)

    def serve(self, environ: Environ, incoming: Incoming, hits: list[Fault]) -> Answer:
        """Answers a call of a service under the faults that hit it."""
        for fault in hits:
            if fault.delay_ms:
                time.sleep(fault.delay_ms / 1000)
            if fault.kind == "lose_request":
                cut(environ)
            error = fault.error(incoming.service)
            if error is not None:
                return Answer(*render_error(incoming.service, error))
        with WORK:
            answer = self.work(environ, incoming)
        if any(fault.kind == "lose_response" for fault in hits):
            cut(environ)
        return answer

    def work(self, environ: Environ, incoming: Incoming) -> Answer:
        """Answers a call: by our own operation where there is one, else by moto."""
        service, name = incoming.service, incoming.operation
        try:
            handler = OPERATIONS.get((service, name))
            if handler is None:
                return self.ask_moto(environ, service, name)
            call = Call(service, name, incoming.account, incoming.region)
            call.params = wire.parse_form(service, name, incoming.form)
            result = handler(call)
            body = wire.render(service, name, result)
            return Answer(200, [("Content-Type", "text/xml;charset=UTF-8")], body)
        except AwsError as error:
            return Answer(*render_error(service, error))
        except ServiceException as error:
            return Answer(*render_error(service, AwsError(error.code, error.message)))
        except NotImplementedError as error:
            return not_implemented(service, name, str(error))
        except Exception:
            traceback.print_exc()
            text = traceback.format_exc().splitlines()[-1]
            return Answer(
                *render_error(service, AwsError("TestServerFailure", f"{service}:{name}: {text}"))
            )

    def ask_moto(self, environ: Environ, service: str = "", operation: str = "") -> Answer:
        """Passes a request on; a page of HTML becomes a typed error, since the SDK retries a 500."""
        seen: list[Any] = []

        def start_response(status: str, headers: Any, _: Any = None) -> None:
            seen[:] = [int(status.split(" ", 1)[0]), headers]

        body = b"".join(self.moto(environ, start_response))
        status, headers = seen
        html = body.lstrip()[:20].lower().startswith((b"<!doctype html", b"<html"))
        if service and status >= 400 and html:
            return not_implemented(service, operation, f"HTTP status {status}")
        return Answer(status, list(headers), body)


def drain(environ: Environ) -> bytes:
    """Reads the whole body, so that the connection can be used again, and puts it back for moto."""
    if environ.get("wsgi.input_terminated"):
        body = environ["wsgi.input"].read()
        environ["CONTENT_LENGTH"] = str(len(body))
    else:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def not_implemented(service: str, operation: str, why: str) -> Answer:
    """The answer to what neither we nor moto serve."""
    code = (
        "InvalidAction"
        if PROTOCOLS.get(service) in ("ec2", "query")
        else "UnknownOperationException"
    )
    message = f"The test server does not serve {service}:{operation} ({why})."
    return Answer(*render_error(service, AwsError(code, message, 400)))


def cut(environ: Environ) -> None:
    """Drops the connection without an answer."""
    connection: socket.socket = environ["werkzeug.socket"]
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    raise Lost("ordered")


def identify(environ: Environ, body: bytes) -> Incoming | None:
    """Finds service, region, account and operation of a signed or presigned request."""
    query = environ.get("QUERY_STRING", "")
    form: dict[str, str] = {}
    if (
        environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
        or "Action=" in query
    ):
        form = dict(parse_qsl(query, keep_blank_values=True))
        form |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    signature = environ.get("HTTP_AUTHORIZATION", "")
    if not signature and "X-Amz-Credential" in form:
        signature = f"Credential={form['X-Amz-Credential']}"
    match = CREDENTIAL.search(signature)
    if match is None:
        return None
    key, region, service = match.groups()
    operation = form.get("Action") or _operation(environ, service)
    return Incoming(service, region, account_of(key), operation, form)


def _operation(environ: Environ, service: str) -> str:
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return target.rpartition(".")[2]
    try:
        operation, _ = get_service_router(service).match(Request(environ.copy()))
        return operation.name
    except Exception:
        return f"{environ.get('REQUEST_METHOD')} {environ.get('PATH_INFO')}"
