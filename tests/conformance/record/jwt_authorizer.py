"""Records the tokens that the tests of jwt-authorizer send, from their source text.

    jwt_authorizer.py FOLDER RECORD

Each line of RECORD is one request: the token, the key, the settings, and the status. Its tokens are
constants, so the tests need not run.
"""

import json
import re
import sys
import time
from pathlib import Path

CALL = re.compile(r"\b(?:make_proteced_request|proteced_request_with_header)\(\s*JwtAuthorizer::")
STATUS = re.compile(r"StatusCode::(\w+)")


def main(folder, record):
    tests = folder / "jwt-authorizer/tests"
    source = (tests / "tests.rs").read_text()
    tokens = dict(
        re.findall(r'const (JWT_\w+): &str\s*=\s*"([^"]+)"', (tests / "common/mod.rs").read_text())
    )
    lines = []
    for call in CALL.finditer(source):
        arguments = balanced(source, source.index("(", call.start()))
        name = re.findall(r"async fn (\w+)", source[: call.start()])[-1]
        status = STATUS.search(source, call.end() + len(arguments))[1]
        case = {
            "test": name,
            "level": "jwt",
            "now": int(time.time()),
            "theirs": "accepted" if status == "OK" else status,
        }
        try:
            lines.append(case | describe(folder, tokens, arguments))
        except ValueError as error:
            lines.append(case | {"skipped": str(error)})
    record.write_text("".join(json.dumps(line) + "\n" for line in lines))


def balanced(text, start):
    depth = 0
    for index in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if depth == 0:
            return text[start : index + 1]
    raise ValueError("an open parenthesis")


def describe(folder, tokens, arguments):
    token = re.search(r"\bJWT_\w+", arguments)
    token = tokens[token[0]] if token else re.search(r'"([\w.]+)",?\s*\)$', arguments)[1]
    if ".disable_validation()" in arguments:
        raise ValueError("the signature is not verified")
    options = [f"{name}=false" for name in re.findall(r"\.(exp|nbf)\(false\)", arguments)]
    options += ["check"] if ".check(" in arguments else []
    audiences = listed("aud", arguments)
    return {
        "token": token,
        "keys": keys(folder, arguments),
        "algorithms": re.findall(r"Algorithm::(\w+)", arguments) or None,
        "audiences": audiences,
        # Without an audience, it accepts tokens with any `aud`.
        "any_audience": not audiences,
        "issuers": listed("iss", arguments),
        "leeway": 60,
        "options": sorted(options),
    }


def listed(name, arguments):
    values = re.search(rf"\.{name}\(&\[([^\]]*)\]\)", arguments)
    return re.findall(r'"([^"]*)"', values[1]) if values else []


def keys(folder, arguments):
    path = re.search(r'config/([\w.-]+)"', arguments)
    if path is None:
        raise ValueError("the keys are fetched")
    path = folder / "config" / path[1]
    if not path.exists():
        raise ValueError("the file of the key is missing")
    return {"jwks" if path.suffix == ".jwks" else "pem": path.read_text()}


main(Path(sys.argv[1]), Path(sys.argv[2]))
