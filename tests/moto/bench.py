"""Measures plan and apply of many pools on moto beside plain boto3.

    target/servers/venv/bin/python tests/moto/bench.py [--kmax PATH] [--pools N] [--runs N]

Starts the test server, makes N pools with kmax in one account and with `baseline.py` in others, and
prints a table: wall time and peak memory as `/usr/bin/time` counts them, the median of the runs, kmax
and the script in turn, so that a machine that changes its pace is fair to both. Whole processes are
measured, start-up included, on both sides.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


class Server:
    """The test server, for as long as the block lasts."""

    def __enter__(self) -> "Server":
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "server.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("ready "):
                self.url = line.split()[1]
                return self
        raise RuntimeError("the server did not start")

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)

    def ask(self, path: str, method: str = "POST", **wish: Any) -> Any:
        request = urllib.request.Request(
            f"{self.url}/kmax-test/{path}",
            json.dumps(wish).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


def measured(command: list[str], environment: dict[str, str], folder: Path) -> tuple[float, float]:
    """Runs a command; returns wall seconds and peak memory in MiB."""
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command}: {errors.decode()}")
    return seconds, usage.ru_maxrss / 1024


def config(seeded: dict[str, Any], pools: int) -> str:
    lines = "\n".join(f'p{number} = {{ spec = "8c64g", max = 9 }}' for number in range(pools))
    return f"""format = 1
[cluster]
name = "{seeded["cluster"]}"
region = "{seeded["region"]}"
account = "{seeded["account"]}"
vpc = "{seeded["vpc"]}"
subnets = {json.dumps(list(seeded["subnets"].values()))}
[guards]
pools_destroyed = {pools}
[teams.dsp.pools]
{lines}
"""


def environment(server: Server, account: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": f"AKIA{account}KMAX",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": server.url,
        "HOME": tempfile.gettempdir(),
        "PATH": os.environ["PATH"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kmax", type=Path, default=ROOT / "target/debug/kmax")
    parser.add_argument("--pools", type=int, default=400)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rates", action="store_true", help="also one apply with the token buckets on")
    arguments = parser.parse_args()
    kmax, pools = str(arguments.kmax.resolve()), arguments.pools
    baseline = [sys.executable, str(HERE / "baseline.py")]
    rows: dict[str, list[tuple[float, float]]] = {}

    def note(name: str, figures: tuple[float, float]) -> None:
        rows.setdefault(name, []).append(figures)
        print(f"  {name}: {figures[0]:.2f} s, {figures[1]:.0f} MiB", file=sys.stderr)

    with Server() as server, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        server.ask("settings", max_groups=10 * pools)

        def fresh(account: str) -> None:
            server.ask("reset", account=account)
            seeded = server.ask("seed", account=account, cluster="adx-prod", version="1.34")
            server.ask("settings", account=account, max_groups=10 * pools)
            (folder / "kmax.toml").write_text(config(seeded, pools))

        first, second = "100000000001", "100000000002"
        fresh(second)
        fresh(first)
        variables = environment(server, first)
        subprocess.run([kmax, "lock", "-q"], cwd=folder, env=variables, check=True)
        apply = [kmax, "apply", "--auto-approve", "-q"]
        unlimited = [*apply, "--unlimited-rate"]
        at = ["--endpoint", server.url, "--cluster", "adx-prod"]
        for workers in (1, 10):
            for run in range(arguments.runs):
                if workers == 10:
                    fresh(first)
                    note("apply, buckets lifted", measured(unlimited, variables, folder))
                fresh(second)
                command = [*baseline, *at, "--account", second, "--write", str(pools)]
                seconds = measured([*command, "--workers", str(workers)], variables, folder)
                note(f"boto3 writes, {workers} at once", seconds)
        fresh(first)
        if arguments.rates:
            note("apply, buckets on", measured(apply, variables, folder))
        else:
            subprocess.run(unlimited, cwd=folder, env=variables, check=True)
        for run in range(arguments.runs):
            note("plan, no change", measured([kmax, "plan", "-q"], variables, folder))
            note("boto3 reads", measured([*baseline, *at, "--account", first], variables, folder))

    print(f"\n{pools} pools, {arguments.runs} runs, {os.cpu_count()} cores\n")
    print("| what | median s | min s | max s | peak MiB |\n|---|---|---|---|---|")
    for name, figures in rows.items():
        seconds = [figure[0] for figure in figures]
        peak = max(figure[1] for figure in figures)
        middle = statistics.median(seconds)
        print(f"| {name} | {middle:.2f} | {min(seconds):.2f} | {max(seconds):.2f} | {peak:.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
