"""Copies the example of forward auth into a package, as its guide describes, and compiles it."""

import re
import shutil
import subprocess
import sys

from documents import tables
from newcomer import ROOT

COPIES = {
    "examples/forward_auth.rs": "src/main.rs",
    "examples/support/mod.rs": "src/support/mod.rs",
}

MANIFEST = """[package]
name = "copied"
version = "0.0.0"
edition = "2024"

[workspace]

"""


def check(package, crate, environment):
    guide = (package / "docs/forward-auth.md").read_text()
    prose = re.sub(r"\s+", " ", guide)
    for source, target in COPIES.items():
        if f"`{source}` to `{target}`" not in prose:
            sys.exit(f"docs/forward-auth.md no longer copies {source} to {target}")
        (crate / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(package / source, crate / target)
    dependencies, count = re.subn(r'^tower-jwt-auth = ".*?"', f'tower-jwt-auth = {{ path = "{package}" }}', tables(guide)[0], flags=re.M)
    if count != 1:
        sys.exit("docs/forward-auth.md does not start with the dependencies of the example")
    (crate / "Cargo.toml").write_text(MANIFEST + dependencies)
    shutil.copy(ROOT / "Cargo.lock", crate / "Cargo.lock")
    subprocess.run(["cargo", "check", "--quiet"], cwd=crate, env=environment, check=True)
    print("the example of docs/forward-auth.md, copied into a package")
