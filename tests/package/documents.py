"""Finds links, Rust snippets, and shell commands in a Markdown document."""

import re

# The start of a code span that is a command.
COMMAND = re.compile(
    r"(?:[A-Z_]+=\S+ )*(?:(?:cargo|npm|node|curl|docker|openssl) |(?:benches|examples|tests|\.ci)/\S*/?(?:run|start|test|instructions)(?: |$))"
)


def snippets(text):
    """Yields each Rust snippet with its info string."""
    for words, code in re.findall(r"^```(rust[^\n]*)\n(.*?)^```", text, flags=re.S | re.M):
        if "ignore" not in words and "compile_fail" not in words:
            yield words, code


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
