"""Runs each part and returns its measurements."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

BENCHES = Path(__file__).resolve().parent.parent
ROOT = BENCHES.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
CRITERION_RUNS = 5


def criterion(bench, quick):
    """Returns the samples of each run in nanoseconds, by the full name of the benchmark."""
    options = ["--noplot"]
    if quick:
        options += ["--warm-up-time", "0.1", "--measurement-time", "0.3", "--sample-size", "10"]
    else:
        options += ["--warm-up-time", "0.5", "--measurement-time", "2", "--sample-size", "50"]
    home = TARGET / "criterion"
    results = {}
    for _ in range(2 if quick else CRITERION_RUNS):
        # Remove the results of older versions of the benchmark.
        shutil.rmtree(home, ignore_errors=True)
        cargo("bench", "-p", "tower-jwt-auth-benches", "--bench", bench, "--", *options)
        for description in home.glob("*/*/new/benchmark.json"):
            name = json.loads(description.read_text())["full_id"]
            sample = json.loads((description.parent / "sample.json").read_text())
            times = [time / count for time, count in zip(sample["times"], sample["iters"])]
            results.setdefault(name, []).append(times)
    return results


def interleaved(bench, quick, *features):
    """Runs a benchmark with interleaved rounds and returns its output."""
    options = ["--quick"] if quick else []
    command = ["bench", "-p", "tower-jwt-auth-benches", "--bench", bench, *features]
    return json.loads(cargo(*command, "--", *options))


def peers(quick):
    options = ["--quick"] if quick else []
    manifest = BENCHES / "peers" / "Cargo.toml"
    return json.loads(
        cargo(
            *("run", "--release", "--locked", "--manifest-path", manifest, "--", *options),
            target=TARGET / "peers",
        )
    )


def http(quick):
    command = [sys.executable, BENCHES / "http" / "measure.py", *(["--quick"] if quick else [])]
    return json.loads(output(command))


PARTS = {
    "verify": lambda quick: criterion("verify", quick),
    "layer": lambda quick: criterion("layer", quick),
    "aims": lambda quick: interleaved("aims", quick),
    "aims_without_simd": lambda quick: interleaved("aims", quick, "--no-default-features"),
    "sessions": lambda quick: interleaved("sessions", quick, "--features", "sessions"),
    "mcp": lambda quick: interleaved("mcp", quick, "--features", "mcp"),
    "peers": peers,
    "scaling": lambda quick: interleaved("scaling", quick),
    "http": http,
}


def cargo(*arguments, target=TARGET):
    return output(["cargo", *arguments], CARGO_TARGET_DIR=str(target))


def output(command, **environment):
    run = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return run.stdout
