"""Finds links, Rust snippets, dependencies, and shell commands in a Markdown document."""

import re
import tomllib

# The start of a code span that is a command.
COMMAND = re.compile(
    r"(?:[A-Z_]+=\S+ )*(?:(?:cargo|npm|node|curl|docker|openssl) |(?:benches|examples|tests|\.ci)/\S*/?(?:run|start|test|instructions)(?: |$))"
)


def snippets(text):
    """Yields each Rust snippet with its info string."""
    for words, code in re.findall(r"^```(rust[^\n]*)\n(.*?)^```", text, flags=re.S | re.M):
        if "ignore" not in words and "compile_fail" not in words:
            yield words, code


def tables(text):
    """Yields each block in TOML, as text."""
    return re.findall(r"^```toml\n(.*?)^```", text, flags=re.S | re.M)


def dependencies(text, crate):
    """Yields the version and the features of each dependency on the crate that a manifest shows."""
    for code in tables(text):
        manifest = tomllib.loads(code)
        for table in ("dependencies", "dev-dependencies"):
            wanted = manifest.get(table, {}).get(crate)
            if wanted is not None:
                wanted = {"version": wanted} if isinstance(wanted, str) else wanted
                yield wanted["version"], wanted.get("features", [])


def commands(text):
    """Yields the lines of shell blocks, and the code spans that are commands."""
    for block in re.findall(r"^```sh\n(.*?)^```", text, flags=re.S | re.M):
        for line in block.replace("\\\n", "").splitlines():
            line = re.sub(r"(^|\s+)#.*", "", line)
            if line:
                yield re.sub(r"\s+", " ", line)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    for span in re.findall(r"`([^`]+)`", prose):
        span = " ".join(span.split())
        if COMMAND.match(span):
            yield span


def links(text):
    return re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
