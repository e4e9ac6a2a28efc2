"""Runs the shell commands of the README and the guides.

Each documented command is listed here: either with the function that runs it, or with the reason why this
test does not run it. Ports are replaced by free ones, and so are the values that a reader fills in.
"""

import contextlib
import json
import os
import re
import shlex
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from documents import commands as documented_commands

# How long a server may take to start, once it is built.
START_TIMEOUT = 60

# Commands that this test does not run, by their first words, and the reason.
ELSEWHERE = {
    "cargo test": "its tests are among those that .ci/run runs",
    "ATTACK_MINUTES=10 cargo test": "takes ten minutes; .ci/run runs a shorter attack",
    "examples/full-stack/start": "tests/browser starts it",
    "SESSIONS=1 examples/full-stack/start": "tests/browser starts it",
    "examples/full-stack/test": ".ci/run runs tests/browser, which it calls",
    "cargo run --manifest-path examples/openapi/Cargo.toml": "tests/browser starts it",
    "benches/instructions": ".ci/run runs it",
    "curl -b cookies.txt https://app.example.com/api/auth/oauth2/create-client": "tests/better-auth/introspection "
    "sends this request",
    "tests/conformance/run": "needs a folder with vectors of other projects",
    "benches/run": "takes minutes to half an hour",
    'BETTER_AUTH_SECRET="$API_TOKEN_SECRET" BETTER_AUTH_AUDIENCE=https://api.example.com cargo run --example doctor': "tests/better-auth "
    "runs the doctor so",
    "cargo build": "an explanation names it",
    "cargo tree": "an explanation names it",
}


def check(repository, package, documents, environment):
    """Runs the commands of the documents, and returns a description of each."""
    documented = {command: path.name for path in documents for command in documented_commands(path.read_text())}
    listed = {command for commands in RUNS.values() for command in commands}
    unknown = [command for command in documented if command not in listed and not reason(command)]
    obsolete = [command for command in listed if command not in documented]
    obsolete += [words for words in ELSEWHERE if not any(starts_with(command, words) for command in documented)]
    if unknown or obsolete:
        raise SystemExit(
            "tests/package/commands.py does not agree with the documents:\n"
            + "".join(f"not listed: {command} ({documented[command]})\n" for command in sorted(unknown))
            + "".join(f"no longer documented: {command}\n" for command in sorted(obsolete))
        )
    place = Place(repository, package, environment)
    for run, commands_of_run in RUNS.items():
        run(place, commands_of_run)
    for command, name in sorted(documented.items(), key=lambda item: item[1]):
        yield f"{name}: {command}  [{'run' if command in listed else reason(command)}]"


def reason(command):
    """Returns why this test does not run a command, or None if no reason is listed."""
    return next((why for words, why in ELSEWHERE.items() if starts_with(command, words)), None)


def starts_with(command, words):
    return command == words or command.startswith(words + " ")


class Place:
    """Where commands run, and with which variables."""

    def __init__(self, repository, package, environment):
        self.repository = repository
        self.package = package
        self.environment = environment

    def run(self, command, folder, **variables):
        """Returns the output of a command that must succeed."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=self.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode != 0:
            raise SystemExit(f"{command}\nexited with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    @contextlib.contextmanager
    def server(self, command, folder, ready, **variables):
        """Starts a server, and yields its output up to the first match of `ready`."""
        with tempfile.TemporaryFile("w+") as log:
            process = subprocess.Popen(
                # A server in the foreground of a shell. `exec` makes the shell the server.
                ["bash", "-c", re.sub(r"((?:\w+=\S+ )*)(.*)", r"\1exec \2", command, count=1)],
                cwd=folder,
                env=self.environment | variables,
                # The Better Auth server ends when its input does.
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
            try:
                deadline = time.monotonic() + START_TIMEOUT
                while not re.search(ready, read(log), flags=re.S):
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise SystemExit(f"{command}\ndid not start:\n{read(log)}")
                    time.sleep(0.05)
                yield read(log)
            finally:
                # Not `kill`, which would leave the worker of nginx running.
                process.terminate()
                try:
                    process.wait(START_TIMEOUT)
                finally:
                    process.kill()


def read(log):
    log.seek(0)
    return log.read()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def build(place, command):
    """Builds the example that a command runs, so that only its start has a time limit."""
    words = shlex.split(command)
    words = words[: words.index("--")] if "--" in words else words
    place.run(shlex.join(["cargo", "build", *words[2:], "--quiet"]), place.package)


def examples_that_print_requests(place, listed):
    for command in listed:
        addr = f"127.0.0.1:{free_port()}"
        if command.startswith("cargo"):
            build(place, command)
        with place.server(command, place.package, r"(curl[^\n]*\n.*){3}", ADDR=addr) as output:
            lines = [line for line in output.splitlines() if line.startswith(("TOKEN=", "curl "))]
            statuses = re.findall(r"HTTP/1\.1 (\d+)", place.run("\n".join(lines), place.package))
        expect(command, statuses, ["200", "401", "403"])


def the_tonic_example(place, listed):
    [command] = listed
    output = place.run(command, place.package)
    expect(command, re.findall(r"^(.*?):", output, re.M), ["with a token", "without a token", "health"])


def forward_auth_with_a_secret(place, listed):
    [command] = listed
    addr, secret = f"127.0.0.1:{free_port()}", "0123456789abcdefghijklmnopqrstuv"
    started = command.replace("127.0.0.1:3000", addr).replace("…", secret)
    path = f"{place.environment['CARGO_TARGET_DIR']}/debug/examples:{place.environment['PATH']}"
    with place.server(started, place.package, r"Listening on \S+ for nginx, with the settings", PATH=path):
        requested = f"curl -s -o /dev/null -w '%{{http_code}}' -H 'X-Original-URI: /api/u1/tasks' http://{addr}/"
        expect(command, place.run(requested, place.package), "401")


def forward_auth_behind_nginx(place, listed):
    service, page, backend, configuration, nginx, request = listed
    ports = {port: str(free_port()) for port in ("3000", "4000", "8080", "8081")}
    with tempfile.TemporaryDirectory() as folder:

        def here(text):
            for port, free in ports.items():
                text = re.sub(rf"\b{port}\b", free, text)
            return text.replace("/tmp", folder)

        place.run(here(page), place.package)
        place.run(here(configuration), place.package)
        file = Path(folder, "nginx.conf")
        file.write_text(here(file.read_text()))
        build(place, service.split(" ", 1)[1])
        # nginx is in a folder that is only on the PATH of root.
        path = place.environment["PATH"] + ":/usr/sbin"
        with (
            place.server(here(service), place.package, r"TOKEN=\S+\n") as output,
            place.server(here(backend), place.package, "Serving HTTP", PYTHONUNBUFFERED="1"),
            place.server(here(nginx), place.package, "", PATH=path),
        ):
            [token] = re.findall(r"^TOKEN=(\S+)", output, re.M)
            # nginx does not report that it is ready.
            sent = here(request) + " --retry 5 --retry-connrefused"
            requests = [sent, sent.replace('-H "Authorization: Bearer $TOKEN"', ""), sent.replace("u1", "u2")]
            statuses = [place.run(sent, place.package, TOKEN=token).split()[1] for sent in requests]
        expect(request, statuses, ["200", "401", "403"])


def better_auth_and_the_doctor(place, listed):
    install, start, service, sign_up, token, tasks, doctor = listed
    ports = {"127.0.0.1:3001": f"127.0.0.1:{free_port()}", "127.0.0.1:3000": f"127.0.0.1:{free_port()}"}
    auth, addr = ports.values()

    def here(command):
        for port, free in ports.items():
            command = command.replace(port, free)
        return command.replace("PORT=3001", f"PORT={auth.split(':')[1]}")

    def run(command, **variables):
        return place.run(here(command), place.package, **variables)

    place.run(install, place.repository)
    build(place, service)
    with (
        place.server(here(start), place.repository, "baseURL"),
        place.server(here(service), place.package, "Listening on", ADDR=addr),
    ):
        signed_up = run(sign_up)
        [session] = re.findall(r"^set-auth-token: (\S+)", signed_up, re.M | re.I)
        user = json.loads(signed_up.splitlines()[-1])["user"]["id"]
        jwt = json.loads(run(token, SET_AUTH_TOKEN=session))["token"]
        expect(tasks, run(tasks, TOKEN=jwt, USER_ID=user).split()[1], "200")
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "token.txt").write_text(jwt)
            manifest = f"--manifest-path {shlex.quote(str(place.package / 'Cargo.toml'))}"
            asked = doctor.replace("https://app.example.com", f"http://{auth}").replace("run", f"run -q {manifest}")
            expect(doctor, place.run(asked, folder).splitlines()[-1], "Everything fits.")


def a_secret_from_openssl(place, listed):
    [command] = listed
    # 32 bytes in base64, which is also the least length of a secret.
    expect(command, len(place.run(command, place.package).strip()), 44)


def the_packages_of_better_auth_for_mcp(place, listed):
    [command] = listed
    with tempfile.TemporaryDirectory() as folder:
        # npm fails if a package needs another version of a peer.
        place.run(command, Path(folder))
        for package in ["better-auth", "@better-auth/mcp", "@better-auth/oauth-provider"]:
            if not Path(folder, "node_modules", package).is_dir():
                raise SystemExit(f"{command}\ninstalls no {package}")


def expect(command, found, expected):
    if found != expected:
        raise SystemExit(f"{command}\nshows {found}, not {expected}")


RUNS = {
    examples_that_print_requests: [
        "cargo run --example axum",
        "cargo run --example hyper",
        "cargo run --example forward_auth -- nginx",
    ],
    the_tonic_example: ["cargo run --example tonic"],
    # Uses the program that earlier commands have built.
    forward_auth_behind_nginx: [
        "ADDR=127.0.0.1:3000 cargo run --example forward_auth -- nginx",
        "mkdir -p /tmp/www/api/u1 && echo tasks > /tmp/www/api/u1/tasks",
        "python3 -m http.server 4000 --bind 127.0.0.1 --directory /tmp/www",
        "sed '/:3001;/d; /:4001;/d' examples/forward_auth/nginx.conf > /tmp/nginx.conf",
        "nginx -p /tmp -c /tmp/nginx.conf -e stderr -g 'daemon off;'",
        'curl -i -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/api/u1/tasks',
    ],
    forward_auth_with_a_secret: ["BETTER_AUTH_SECRET=… ADDR=127.0.0.1:3000 forward_auth nginx"],
    better_auth_and_the_doctor: [
        "npm ci --ignore-scripts --prefix tests/better-auth",
        "BETTER_AUTH_SECRET=any-32-characters-will-do-for-a-try PORT=3001 node tests/better-auth/server.mjs",
        "cargo run --example better_auth --features better-auth -- http://127.0.0.1:3001",
        "curl -i http://127.0.0.1:3001/api/auth/sign-up/email -H 'content-type: application/json'"
        """ -d '{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}'""",
        'curl -H "Authorization: Bearer $SET_AUTH_TOKEN" http://127.0.0.1:3001/api/auth/token',
        'curl -i -H "Authorization: Bearer $TOKEN" http://127.0.0.1:3000/api/$USER_ID/tasks',
        "cargo run --example doctor --features better-auth -- https://app.example.com < token.txt",
    ],
    the_packages_of_better_auth_for_mcp: [
        "npm install --ignore-scripts better-auth@1.7.5 @better-auth/core@1.7.5 better-call@1.4.0"
        " @better-auth/mcp@1.7.5 @better-auth/oauth-provider@1.7.5",
    ],
    a_secret_from_openssl: ["openssl rand -base64 32"],
}
