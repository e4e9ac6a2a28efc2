"""Records the tokens that the tests of PyJWT verify: a plugin for pytest.

Each line of the file RECORD is a call of `decode`: the token, the key, the settings, and the result.
"""

import base64
import json
import os
import time
from datetime import timedelta

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from jwt.api_jwk import PyJWK
from jwt.api_jws import PyJWS
from jwt.api_jwt import PyJWT

# The options with an equivalent setting.
MAPPED = {"verify_signature", "verify_aud", "verify_iss"}

# The options that only say what is the default.
DEFAULTS = {f"verify_{claim}": True for claim in ("exp", "nbf", "iat", "jti", "sub")} | {
    "require": [],
    "strict_aud": False,
    "enforce_minimum_key_length": False,
}

current = {"test": None, "is_nested": False}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    current["test"] = item.nodeid.split("/")[-1]
    return (yield)


def pytest_configure():
    PyJWT.decode_complete = recorded("jwt", PyJWT.decode_complete)
    PyJWS.decode_complete = recorded("jws", PyJWS.decode_complete)
    # These are methods that were bound before.
    for name in ("decode", "decode_complete"):
        setattr(jwt, name, getattr(jwt.api_jwt._jwt_global_obj, name))
        setattr(jwt.api_jwt, name, getattr(jwt.api_jwt._jwt_global_obj, name))
    open(os.environ["RECORD"], "w").close()


def recorded(level, function):
    def decode_complete(self, token, key="", algorithms=None, options=None, *rest, **named):
        if current["is_nested"]:
            return function(self, token, key, algorithms, options, *rest, **named)
        current["is_nested"] = True
        result = "accepted"
        now = int(time.time())
        try:
            return function(self, token, key, algorithms, options, *rest, **named)
        except Exception as error:
            result = type(error).__name__
            raise
        finally:
            current["is_nested"] = False
            try:
                case = describe(token, key, algorithms, options or {}, rest, named)
            except Exception as error:
                case = {"skipped": str(error)}
            case |= {"test": current["test"], "level": level, "now": now, "theirs": result}
            with open(os.environ["RECORD"], "a") as file:
                file.write(json.dumps(case) + "\n")

    return decode_complete


def describe(token, key, algorithms, options, rest, named):
    if rest or not isinstance(options, dict):
        raise ValueError("the arguments have the wrong type")
    if options.get("verify_signature") is False:
        raise ValueError("the signature is not verified")
    if isinstance(token, bytes):
        token = token.decode()
    if not isinstance(token, str):
        raise ValueError("the token is not text")
    if isinstance(key, PyJWK) and algorithms is None:
        algorithms = [key.algorithm_name]
    leeway = named.get("leeway") or 0
    if isinstance(leeway, timedelta):
        leeway = leeway.total_seconds()
    others = [
        f"{name}={value}"
        for name, value in options.items()
        if name not in MAPPED and DEFAULTS.get(name) != value
    ]
    others += [name for name in ("subject", "detached_payload") if named.get(name) is not None]
    # Without an audience, PyJWT rejects tokens with `aud`, as this crate does.
    audiences = texts("audience", named.get("audience"))
    issuers = texts("issuer", named.get("issuer"))
    return {
        "token": token,
        "keys": keys(key),
        "algorithms": algorithms if algorithms is None else [str(name) for name in algorithms],
        "audiences": audiences if options.get("verify_aud", True) else [],
        "any_audience": not options.get("verify_aud", True),
        "issuers": issuers if options.get("verify_iss", True) else [],
        "leeway": int(leeway),
        "options": sorted(others),
    }


def texts(name, value):
    if value is None:
        return []
    values = [value] if isinstance(value, str) else value
    is_list = isinstance(values, (list, tuple, set, frozenset))
    if not is_list or not values or not all(isinstance(value, str) for value in values):
        raise ValueError(f"the {name} is not text")
    return list(values)


def keys(key):
    if isinstance(key, PyJWK):
        key = key.key
    if key is None:
        key = ""
    if hasattr(key, "public_key"):
        key = key.public_key()
    # The crate reads public keys in PEM only, so SSH keys and certificates are converted.
    if hasattr(key, "public_bytes"):
        key = key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    if isinstance(key, str):
        key = key.encode()
    if not isinstance(key, bytes):
        raise ValueError("the key has no bytes")
    if key.startswith((b"ssh-", b"ecdsa-")):
        return keys(serialization.load_ssh_public_key(key))
    if key.startswith(b"-----BEGIN CERTIFICATE"):
        return keys(x509.load_pem_x509_certificate(key).public_key())
    if b"-----BEGIN" in key:
        return {"pem": key.decode()}
    return {"secret": base64.urlsafe_b64encode(key).rstrip(b"=").decode()}
