#!/usr/bin/env python3
"""Measures HTTP end to end: the axum service without the layers, with them, and with a token cache, and
the FastAPI service, each under wrk. Prints JSON: the requests per second of each service in each round.

The load generator and the server share the cores of the machine. The servers take turns with the same
requests. The generator is wrk, because oha sends only one set of headers.

    benches/http/measure.py [--quick]
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
WORK = TARGET / "benches-http"
CONNECTIONS = 32


def build():
    """Builds the axum service and returns the path of its binary."""
    command = ["cargo", "build", "--quiet", "--release"]
    command += ["-p", "tower-jwt-auth-benches", "--bin", "http-server"]
    subprocess.run(command, cwd=ROOT, check=True)
    return str(TARGET / "release" / "http-server")


def install_fastapi():
    """Creates a venv for the FastAPI service if needed, and returns the path of its Python."""
    home = WORK / "venv"
    python = home / "bin" / "python"
    requirements = (HERE / "requirements.txt").read_text()
    stamp = home / "requirements.txt"
    if not stamp.exists() or stamp.read_text() != requirements:
        venv.create(home, with_pip=True, clear=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"],
            check=True,
            stdout=sys.stderr,
        )
        stamp.write_text(requirements)
    return str(python)


@contextmanager
def running(command, **options):
    process = subprocess.Popen(command, text=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def axum(binary, mode):
    with running([binary, mode], stdout=subprocess.PIPE) as process:
        yield process.stdout.readline().strip()


@contextmanager
def fastapi(python, secret):
    """Runs FastAPI in its fastest configuration: one worker per core and no access log."""
    port = free_port()
    command = [python, "-m", "uvicorn", "fastapi_app:app", "--port", str(port)]
    command += ["--workers", str(os.cpu_count()), "--no-access-log", "--log-level", "warning"]
    environment = {**os.environ, "SECRET": secret}
    with running(command, cwd=HERE, env=environment, stdout=sys.stderr):
        yield f"127.0.0.1:{port}"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def status(address, path, token):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"http://{address}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def check(address, lines, guarded):
    """Checks that the service responds correctly before it is measured."""
    path, token = lines[0].split()
    for _ in range(100):
        try:
            status(address, path, token)
            break
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    other_path = lines[1].split()[0]
    header, payload, signature = token.split(".")
    forged = f"{header}.{payload}.{signature[::-1]}"
    answers = [
        status(address, *request)
        for request in [(path, token), (path, forged), (path, None), (other_path, token)]
    ]
    expected = [200, 401, 401, 403] if guarded else [200] * 4
    # Older releases of FastAPI respond to a request without a token with 403.
    if answers != expected and answers != [200, 401, 403, 403]:
        raise SystemExit(f"{address} responds with {answers} instead of {expected}")


def load(address, seconds):
    """Returns the requests per second under wrk."""
    command = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS)]
    command += ["--duration", f"{seconds}s", "--script", HERE / "requests.lua"]
    environment = {**os.environ, "REQUESTS": str(WORK / "requests")}
    run = subprocess.run(
        [*command, f"http://{address}"],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    result = json.loads(run.stderr.strip().splitlines()[-1])
    if result["failed"]:
        raise SystemExit(f"{result['failed']} of the requests to {address} failed")
    return result["requests"] / result["seconds"]


def main():
    rounds, seconds, warm_up = (2, 1, 1) if "--quick" in sys.argv else (25, 2, 2)
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing; install it, for example with `apt-get install wrk`")
    WORK.mkdir(parents=True, exist_ok=True)
    binary, python = build(), install_fastapi()
    output = subprocess.run([binary, "tokens"], check=True, capture_output=True, text=True)
    secret, *lines = output.stdout.splitlines()
    (WORK / "requests").write_text("\n".join(lines) + "\n")
    with (
        axum(binary, "without-layers") as bare,
        axum(binary, "with-layers") as layered,
        axum(binary, "with-cache") as cached,
        fastapi(python, secret) as other,
    ):
        servers = {
            "axum": bare,
            "axum_with_layers": layered,
            "axum_with_cache": cached,
            "fastapi": other,
        }
        for name, address in servers.items():
            check(address, lines, guarded=name != "axum")
            load(address, warm_up)
        results = {name: [] for name in servers}
        for turn in range(rounds):
            # Alternates the order, so that no server always runs after the same one.
            for name, address in list(servers.items())[:: 1 if turn % 2 == 0 else -1]:
                results[name].append(load(address, seconds))
    versions = subprocess.run(
        [python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True
    )
    wanted = ("fastapi==", "python-jose==", "uvicorn==")
    print(
        json.dumps(
            {
                "requests_per_second": results,
                "connections": CONNECTIONS,
                "python": sys.version.split()[0],
                "versions": [v for v in versions.stdout.splitlines() if v.startswith(wanted)],
            }
        )
    )


if __name__ == "__main__":
    main()
