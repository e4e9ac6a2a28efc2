"""Builds and tests a small service with the default features on a system that lacks what only other
features and the tests need: Node, CA certificates, and a C compiler.

The system is this one, in a mount namespace in which those files are hidden.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from documents import snippets
from newcomer import LIB, ROOT, as_test

CERTIFICATES = ["/etc/ssl", "/etc/pki", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates"]

NODE = ["node", "nodejs", "npm", "npx"]

# The compilers of GCC, which its driver `cc` starts to compile, but not to link.
COMPILERS = ["cc1", "cc1plus"]

MANIFEST = """[package]
name = "bare"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
tower-jwt-auth = {{ path = "{package}", features = ["axum"] }}
axum = {{ version = "0.8", default-features = false, features = ["http1", "json", "tokio"] }}

[dev-dependencies]
tower-jwt-auth = {{ path = "{package}", features = ["test-kit"] }}
tokio = {{ version = "1", features = ["macros", "rt"] }}
tower = {{ version = "0.5", features = ["util"] }}
"""

# Shows first that nothing is there that should not be.
SCRIPT = """set -eu
for folder in {folders}; do mount -t tmpfs none "$folder"; done
for file in {files}; do mount --bind /dev/null "$file"; done
mount -t tmpfs none {target}
if node --version 2> /dev/null; then echo 'Node is still there' >&2; exit 1; fi
if find -L {folders} -type f | grep .; then echo 'certificates are still there' >&2; exit 1; fi
echo 'int main(void) {{ return 0; }}' > {crate}/main.c
if cc -c {crate}/main.c -o {crate}/main.o 2> /dev/null; then echo 'cc still compiles' >&2; exit 1; fi
cd {crate}
cargo test --offline --quiet
"""


def check(package, crate):
    unshare = namespaces()
    if unshare is None:
        if os.environ.get("REQUIRE_BARE_ROOT") == "1":
            sys.exit("REQUIRE_BARE_ROOT=1, and this user may not create a mount namespace")
        print("skipped: the system without Node, certificates, and a C compiler, which needs a mount namespace")
        return
    write_crate(package, crate)
    # Without certificates, nothing can be downloaded.
    subprocess.run(["cargo", "fetch", "--quiet"], cwd=crate, check=True)
    target = crate / "target"
    target.mkdir()
    script = SCRIPT.format(
        folders=" ".join(path for path in CERTIFICATES if Path(path).is_dir()),
        files=" ".join(sorted(set(hidden_files()))),
        target=target,
        crate=crate,
    )
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target), "CARGO_PROFILE_DEV_DEBUG": "0"}
    if subprocess.run([*unshare, "bash", "-c", script], env=environment).returncode != 0:
        sys.exit("the default features need more than Rust and a linker, or the rest could not be hidden")
    print("the default features, without Node, certificates, and a C compiler")


def namespaces():
    """Returns the command that starts a program in a mount namespace, or None if this user may not."""
    kept = [f"{name}={os.environ[name]}" for name in ("PATH", "HOME")]
    for command in (
        ["unshare", "--mount", "--map-root-user"],
        ["sudo", "--non-interactive", "--preserve-env", "env", *kept, "unshare", "--mount"],
    ):
        if shutil.which(command[0]) and run_quietly([*command, "true"]).returncode == 0:
            return command
    return None


def hidden_files():
    """Yields the programs of Node and the compilers behind `cc`."""
    for folder in os.environ["PATH"].split(":"):
        for program in NODE:
            if Path(folder, program).exists():
                yield os.path.realpath(Path(folder, program))
    for compiler in COMPILERS:
        path = run_quietly(["cc", f"-print-prog-name={compiler}"]).stdout.strip()
        if os.path.isabs(path):
            yield os.path.realpath(path)


def write_crate(package, crate):
    """Writes a crate with the router of the README, and with the first test of the guide to tests."""
    (crate / "src").mkdir(parents=True)
    (crate / "Cargo.toml").write_text(MANIFEST.format(package=package))
    shutil.copy(ROOT / "Cargo.lock", crate / "Cargo.lock")
    documents = [package / "README.md", package / "docs/testing.md"]
    first = [next(snippets(document.read_text())) for document in documents]
    tests = "\n".join(as_test(number, snippet) for number, snippet in enumerate(first))
    (crate / "src" / "lib.rs").write_text(LIB + "#[cfg(test)]\nmod tests {\n" + tests + "}\n")


def run_quietly(command):
    return subprocess.run(command, capture_output=True, text=True)
