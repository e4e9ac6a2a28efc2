"""Writes a crate outside the repository, whose tests are the Rust snippets of documents."""

import re
import shutil
import tomllib
from pathlib import Path

from documents import snippets

ROOT = Path(__file__).resolve().parents[2]


def write_crate(folder, package, documents):
    (folder / "src").mkdir(parents=True)
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    (folder / "Cargo.toml").write_text(cargo_toml(manifest, package))
    shutil.copy(ROOT / "Cargo.lock", folder / "Cargo.lock")
    modules = []
    for document in documents:
        tests = [as_test(*snippet) for snippet in enumerate(snippets(document.read_text()))]
        name = re.sub(r"\W", "_", document.stem.lower())
        (folder / "src" / f"{name}.rs").write_text("\n".join(tests))
        modules.append((name, len(tests)))
    mods = "".join(f"#[cfg(test)]\nmod {name};\n" for name, _ in modules)
    (folder / "src" / "lib.rs").write_text(LIB + mods)
    return sum(count for _, count in modules)


# Like rustdoc, accepts snippets that return `()` or a `Result`.
LIB = """#![allow(dead_code, unused)]

trait Outcome {
    fn check(self);
}

impl Outcome for () {
    fn check(self) {}
}

impl<T, E: std::fmt::Debug> Outcome for Result<T, E> {
    fn check(self) {
        self.map(drop).unwrap();
    }
}

"""


def cargo_toml(manifest, package):
    """Returns a manifest with the dependencies of the crate and of its tests, which the guides use."""
    lines = ["[package]", 'name = "newcomer"', 'version = "0.0.0"', 'edition = "2024"', "", "[workspace]", ""]
    features = ", ".join(f'"{feature}"' for feature in sorted(manifest["features"]))
    lines += ["[dependencies]", f'tower-jwt-auth = {{ path = "{package}", features = [{features}] }}']
    named = {**manifest["dependencies"], **manifest["dev-dependencies"]}
    for name, wanted in sorted(named.items()):
        wanted = {"version": wanted} if isinstance(wanted, str) else dict(wanted)
        options = [f'version = "{wanted["version"]}"']
        if not wanted.get("default-features", True):
            options.append("default-features = false")
        if wanted.get("features"):
            options.append(f"features = {wanted['features']}".replace("'", '"'))
        lines.append(f"{name} = {{ {', '.join(options)} }}")
    return "\n".join(lines) + "\n"


def as_test(number, snippet):
    words, code = snippet
    # rustdoc also compiles hidden lines.
    lines = [re.sub(r"^(\s*)# ?(?!\[|!)", r"\1", line) for line in code.splitlines()]
    body = "\n".join(lines)
    runs = "no_run" not in words
    called = "\n    main();" if runs and re.search(r"^(async )?fn main", body, flags=re.M) else ""
    closure = f"    let snippet = || {{\n{body}{called}\n    }};\n"
    run = "    crate::Outcome::check(snippet());\n" if runs else ""
    return f"#[test]\nfn snippet_{number}() {{\n{closure}{run}}}\n"
