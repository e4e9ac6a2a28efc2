"""The machine and the measured versions."""

import json
import os
import platform
import re
import time
from pathlib import Path

from .measure import BENCHES, ROOT, TARGET, cargo, output

OURS = ["jsonwebtoken", "aws-lc-rs", "hmac", "sha2", "base64", "serde_json", "axum", "tower-http"]
PEERS = [
    "jwt-authorizer",
    "axum-jwt-auth",
    "tower-oauth2-resource-server",
    "oauth-resource-server",
    "tower-http",
    "jsonwebtoken",
]


def describe(quick):
    commit = output(["git", "describe", "--always"]).strip()
    # The results of an earlier part of the run do not change what is measured.
    of_code = ["--", ":/", ":!/benches/RESULTS.md", ":!/benches/results.svg"]
    if output(["git", "status", "--porcelain", "--untracked-files=no", *of_code]).strip():
        commit += "-dirty"
    return {
        "quick": quick,
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "commit": commit,
        "cpu": cpu(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.release()}",
        "rustc": output(["rustc", "--version"]).strip(),
        "crates": versions(ROOT / "Cargo.toml", OURS),
        "peers": versions(BENCHES / "peers" / "Cargo.toml", PEERS),
    }


def cpu():
    info = Path("/proc/cpuinfo")
    found = info.exists() and re.search(r"model name\s*:\s*(.*)", info.read_text())
    return found.group(1) if found else platform.processor()


def versions(manifest, names):
    """Returns the versions of these packages in the lock file."""
    arguments = ["metadata", "--format-version", "1", "--locked", "--manifest-path", manifest]
    packages = json.loads(cargo(*arguments, target=TARGET))["packages"]
    found = {name: set() for name in names}
    for package in packages:
        if package["name"] in found:
            found[package["name"]].add(package["version"])
    return {name: sorted(of_name, key=numbers) for name, of_name in found.items()}


def numbers(version):
    return [int(number) for number in re.findall(r"\d+", version)]
