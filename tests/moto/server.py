"""Starts the AWS of kmax's tests: moto, mended in process, on 127.0.0.1.

    target/servers/venv/bin/python tests/moto/server.py [--port PORT] [--verbose]

Port 0, the default, takes a free one. When the server answers, one line goes to stdout:

    ready http://127.0.0.1:PORT

It ends when its stdin closes, so that a test that was killed leaves nothing behind, or on SIGTERM.

Accounts. An access key `AKIA<12 digits>KMAX` (any four capitals or digits at the end) belongs to the
account of these digits; any other key to 123456789012. Accounts and regions share nothing, so tests run
in parallel against one server, each under an account of its own.

Control. Endpoints under `/kmax-test/` prepare, disturb and look into the server: see
`kmax_moto/control.py`. `POST /moto-api/reset` empties all accounts, `POST /kmax-test/reset` one.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading

# Read by moto when it is imported.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")

from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from kmax_moto.gate import Gate
from kmax_moto.services import patch


class Handler(MotoRequestHandler):
    """A quiet handler that keeps connections open, as AWS does.

    Werkzeug's own closes them after each answer, and sends head and body in two packets 40 ms apart.
    """

    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    verbose = False

    def run_wsgi(self) -> None:
        """Answers one request through the gate."""
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        gate: Gate = self.server.app  # type: ignore[assignment]
        try:
            answer = gate.answer(self.make_environ())
        except ConnectionError:
            self.close_connection = True
            return
        self.log_request(answer.status)
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in ("content-length", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says what was asked, if told to."""
        if self.verbose:
            super().log_request(code, size)


class Server(ThreadedMotoServer):
    """moto's server with our gate before its application."""

    def __init__(self, port: int):
        super().__init__(ip_address="127.0.0.1", port=port, verbose=False)
        self.gate = Gate(DomainDispatcherApplication(create_backend_app))

    def _server_entry(self) -> None:
        self._server = make_server(
            self._ip_address,
            self._port,
            self.gate,  # type: ignore[arg-type]
            threaded=True,
            request_handler=Handler,
        )
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._server_ready_event.set()
        self._server.serve_forever()

    @property
    def url(self) -> str:
        """Where the server answers."""
        host, port = self.get_host_and_port()
        return f"http://{host}:{port}"


def start(port: int = 0) -> Server:
    """Patches moto and starts the server in a thread of this process."""
    patch()
    server = Server(port)
    server.start()
    server.gate.control.endpoint = server.url
    return server


def end_with_stdin(over: threading.Event) -> None:
    """Waits until whoever started the server is gone."""
    sys.stdin.read()
    over.set()


def main() -> int:
    """Serves until stdin closes or SIGTERM comes."""
    parser = argparse.ArgumentParser(description="Starts the AWS of kmax's tests.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--verbose", action="store_true", help="log each request to stderr")
    arguments = parser.parse_args()
    Handler.verbose = arguments.verbose
    logging.getLogger("werkzeug").setLevel(logging.INFO if arguments.verbose else logging.ERROR)
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    signal.signal(signal.SIGINT, lambda *_: over.set())
    server = start(arguments.port)
    threading.Thread(target=end_with_stdin, args=(over,), daemon=True).start()
    print(f"ready {server.url}", flush=True)
    over.wait()
    sys.stdout.flush()
    # Threads may sleep in a fault; nothing here is worth waiting for them.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
