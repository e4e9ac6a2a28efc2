"""RESULTS.md."""

from statistics import median

from . import aims
from .figures import (
    ALGORITHMS,
    PEER_ALGORITHMS,
    figure,
    is_ours,
    of_runs,
    over,
    peers_over_bare,
    per_second,
    ratio,
    scaling,
)

# The lanes of the benchmarks of single parts: their names and labels.
OF_SESSIONS = {
    "kept": "a session whose answer is kept",
    "forged": "rejected: a cookie with an invalid MAC",
    "compact": "the cookie `session_data`, `compact`",
    "jwt": "the same, `jwt`",
    "jwe": "the same, `jwe`",
    "public": "the same, with a public key (EdDSA)",
    "redis": "a session that is looked up in Redis on the same host",
}
OF_MCP = {
    "call": "`RequireMcpScopeLayer`, a call of a tool",
    "in_session": "the same, with a signed session ID",
    "rejected": "rejected: a missing scope",
}

FAULTS = ["bad_signature", "expired", "malformed", "wrong_issuer"]


def write(machine, results):
    parts = [
        "# Results",
        "Written by `benches/run`; do not edit.",
        of_machine(machine),
        of_aims(results),
        of_peers(results["peers"]),
        of_layer(results["layer"]),
        of_verify(results["verify"]),
        of_refusals(results["verify"]),
        of_parts("Sessions", OF_SESSIONS, results["sessions"]),
        of_parts("MCP", OF_MCP, results["mcp"]),
        of_scaling(results["scaling"]),
        of_http(results["http"]),
    ]
    return "\n\n".join(parts) + "\n"


def of_machine(machine):
    def listed(crates):
        return ", ".join(f"{name} {' and '.join(of)}" for name, of in crates.items())

    quick = (
        "**A quick run: it only shows that the script works.** "
        if machine["quick"]
        else ""
    )
    return quick + (
        f"Measured on {machine['date']} on {machine['cores']} cores of an {machine['cpu']}, "
        f"{machine['system']}, load {machine['load']:.1f} at the start; commit "
        f"`{machine['commit']}`, {machine['rustc']}, release build.\n\n"
        f"- crates: {listed(machine['crates'])}\n"
        f"- peers: {listed(machine['peers'])}\n\n"
        "For each run, the figure is the lower quartile of its samples, in nanoseconds. The tables show "
        "the median of all runs. A ratio is the median of the ratios of all runs, so it may differ "
        "from the ratio of two figures in a table."
    )


def of_aims(results):
    rows = [
        (what, bound, f"{reached:.2f}", "yes" if is_reached else "**no**")
        for what, bound, reached, is_reached in aims.rows(results)
    ]
    return (
        "## Goals\n\nThe measurements alternate in one process. The *floor* is the work for an HS256 "
        "token without any checks: computing an HMAC with a prepared key, decoding the three parts "
        "from base64, and parsing the claims into a struct. The *bare "
        "signature check* is that of AWS-LC with a prepared key (for HS256, the HMAC). The *added time* "
        "is the time with the layers minus the time of the bare service.\n\n"
        + table(["measurement", "goal", "result", "reached"], rows)
        + "\n\n"
        + GAPS
    )


# From profiles with perf and measurements of single parts. They explain why a goal was missed.
GAPS = """A profile of the same code shows why some goals were missed:

- **HS256 verification** takes 1.03 times the floor here, and 0.95 times the floor in "Verification alone",
  which criterion measured. The clock alone takes 5 %; the floor does not read it.
- **The HS256 layer** takes 1.20 times the floor here and in "Cost by outcome". It adds 80 ns to the
  verification: 49 ns to store the user in a request without extensions, and the rest for the header
  field and the future.
- **HS256 without `simd`**: SHA-256 takes a third of the time and base64 a tenth, in the floor too. In
  addition, the clock takes 5 %, and parsing the claims with all checks takes 30 ns longer than parsing
  a derived struct. With `simd`, which is a default feature, base64 takes a third of its time.
- **PathOwnerLayer** takes another 105 ns, of which matchit takes 17 ns.
- **A hit in the token cache**: the clock (23 ns) and the lookup take 95 ns, and storing the user in a
  request without extensions takes 49 ns. The clock and storing the user alone, without any lookup, take
  two thirds of the goal. The goal for RS256 assumed that checking a signature with 2,048 bits takes
  21 µs, but it takes 12 µs here.
- **The fastest peer**: the goal assumed that `jsonwebtoken::decode` takes 2.35 µs, but it takes 1.4 µs
  here.
- **HTTP**: with a token cache, the goal is reached. Without it, verification takes most of the difference.
  According to callgrind, a request takes 25,300 instructions of the server without the layers, and 4,400
  more with a token cache, of which axum's boxes for one call of `route_layer` take 1,100."""


def of_peers(peers):
    text = (
        "## Comparison with peers\n\n![Time per request](results.svg)\n\n"
        "The layer and its peers wrap the same service, which does nothing. The measurements "
        "alternate in one process. The requests are from 1,000 users with one token each, and have "
        "two headers. All crates check the signature, `exp`, `iss`, and `aud`. Before the measurement, "
        "each crate had to reject invalid tokens. The tables show the time that each crate adds to the "
        "bare service, or to the bare handler for axum-jwt-auth, which is an extractor.\n\n"
        "- **jwt-authorizer**: its layer with one key from a secret or a PEM; jsonwebtoken 9 with ring\n"
        "- **axum-jwt-auth**: its extractor with a `LocalDecoder` with one key; jsonwebtoken 10\n"
        "- **tower-http and jsonwebtoken**: `AsyncRequireAuthorizationLayer` with "
        "`jsonwebtoken::decode` and without a boxed future; jsonwebtoken 11\n"
        "- **tower-oauth2-resource-server**: its layer with a static key set; jsonwebtoken 11\n"
        "- **oauth-resource-server**: `HttpAuthLayer` with `initial_jwks` and without refresh; "
        "jsonwebtoken 9 with ring\n\n"
        "jsonwebtoken 10 and 11 are configured to use the faster backend for each algorithm: "
        "RustCrypto for HS256, AWS-LC for the others."
    )
    for alg in PEER_ALGORITHMS:
        lanes = peers[alg]
        taken = peers_over_bare(lanes)
        ours = taken["tower-jwt-auth"]
        ordered = sorted(taken, key=lambda name: (not is_ours(name), median(taken[name])))
        rows = [
            (bold(name), ns(median(taken[name])), times(ratio(taken[name], ours)))
            for name in ordered
        ]
        text += f"\n\n### {alg}\n\n" + table(
            ["", "added time", "÷ tower-jwt-auth"], rows
        )
        bare = f"The bare service takes {ns(figure(lanes['bare']))}"
        text += f"\n\n{bare}, the bare handler {ns(figure(lanes['bare handler']))}"
        if "floor" in lanes:
            text += f"; the floor of these tokens is {ns(figure(lanes['floor']))}"
        text += "."
    return text


def of_layer(layer):
    text = (
        "## Cost by outcome\n\n"
        "The layers wrap a service that does nothing. The requests are from 1,000 users and have two "
        "headers."
    )
    for alg in ["HS256", "EdDSA"]:
        prefix = f"layer/{alg}/"
        of_alg = {
            name.removeprefix(prefix): runs
            for name, runs in layer.items()
            if name.startswith(prefix)
        }
        bare, floor = of_alg.pop("bare"), of_alg.pop("floor", None)
        rows = [("bare service", ns(figure(bare)), "", "")]
        if floor:
            rows.append(("floor, without a service", ns(figure(floor)), "", times(1)))
        for name in sorted(of_alg, key=lambda name: (name.startswith("refused"), name)):
            more = over(of_alg[name], bare)
            to_floor = times(ratio(more, of_runs(floor))) if floor else ""
            rows.append(
                (REQUESTS.get(name, name), ns(figure(of_alg[name])), ns(median(more)), to_floor)
            )
        text += f"\n\n### {alg}\n\n" + table(["", "time", "added time", "added time ÷ floor"], rows)
    return text


REQUESTS = {
    "jwt_auth": "`JwtAuthLayer`",
    "jwt_auth_path_owner": "`JwtAuthLayer` and `PathOwnerLayer`",
    "refused_missing": "both, rejected: no token",
    "refused_bad_signature": "both, rejected: bad signature",
    "refused_expired": "both, rejected: expired",
    "refused_other_path": "both, rejected: another user's path",
}


def of_verify(verify):
    rows = []
    for alg in ALGORITHMS:
        of = {name: of_runs(verify[f"verify/{alg}/{name}"]) for name in VERIFIERS}
        floor = verify.get(f"verify/{alg}/floor")
        ours = of["tower_jwt_auth"]
        rows.append(
            (
                alg,
                ns(figure(floor)) if floor else "",
                *(ns(median(of[name])) for name in VERIFIERS),
                times(ratio(ours, of_runs(floor))) if floor else "",
                times(ratio(ours, of["bare_signature"])),
                times(ratio(of["jsonwebtoken_decode"], ours)),
            )
        )
    header = ["", "floor", "bare signature", "`TokenVerifier::verify`", "`jsonwebtoken::decode`"]
    header += ["verify ÷ floor", "verify ÷ bare signature", "decode ÷ verify"]
    return "## Verification alone\n\nThe same token is verified repeatedly.\n\n" + table(header, rows)


VERIFIERS = ["bare_signature", "tower_jwt_auth", "jsonwebtoken_decode"]


def of_refusals(verify):
    rows = []
    for alg in ALGORITHMS:
        cells = []
        for fault in FAULTS:
            ours = verify[f"refuse/{alg}/{fault}/tower_jwt_auth"]
            theirs = verify[f"refuse/{alg}/{fault}/jsonwebtoken_decode"]
            cells.append(f"{ns(figure(ours))} / {ns(figure(theirs))}")
        rows.append((alg, *cells))
    header = ["", *(fault.replace("_", " ") for fault in FAULTS)]
    return (
        "## Rejections\n\nEach cell shows `TokenVerifier::verify` / `jsonwebtoken::decode`. An issuer and "
        "an audience are configured.\n\n" + table(header, rows)
    )


def of_scaling(results):
    threads = results["threads"]
    rows = [
        (
            label,
            *(
                f"{median(per_second(threads[name], count)) / 1e6:.2f} million/s"
                for name, count in [(f"{lane}_1_thread", 1), (f"{lane}_2_threads", 2)]
            ),
            times(median(scaling(threads, lane))),
        )
        for lane, label in [
            ("layer", "the layer, HS256"),
            ("cached", "the layer with a token cache, all hits"),
            ("hmac", "an HMAC loop"),
        ]
    ]
    text = "## Threads\n\n" + table(["", "one thread", "two threads", "two ÷ one"], rows)
    refresh = results["refresh"]
    rows = [
        (label, f"{of['requests']:,}", *(ns(of[quantile]) for quantile in ["p50", "p99", "p999"]))
        for label, of in [
            ("keys do not change", refresh["without"]),
            ("keys are fetched every second", refresh["with"]),
            ("of these, during a fetch", refresh["during"]),
        ]
    ]
    return (
        text
        + "\n\n## While keys are fetched\n\nThe latency of single EdDSA requests. A `JwksFetch` takes "
        "20 ms to return a set of 21 keys.\n\n"
        + table(["", "requests", "median", "p99", "p99.9"], rows)
    )


def of_parts(title, labels, lanes):
    """The time that each lane adds to the bare service, beside the verification of an HS256 token."""
    rows = [
        (label, ns(median(over(lanes[name], lanes["bare"]))), times(of_verification(lanes, name)))
        for name, label in labels.items()
        if name in lanes
    ]
    return f"## {title}\n\n" + table(["", "added time", "÷ HS256 verification"], rows)


def of_verification(lanes, name):
    return ratio(over(lanes[name], lanes["bare"]), of_runs(lanes["verify"]))


def of_http(http):
    rates = http["requests_per_second"]
    rows = [
        (label, f"{median(rates[name]):,.0f}", times(ratio(rates[name], rates["axum"])))
        for name, label in [
            ("axum", "axum, without the layers"),
            ("axum_with_layers", "**axum, with `JwtAuthLayer` and `PathOwnerLayer`**"),
            ("axum_with_cache", "**the same, with a token cache**"),
            ("fastapi", "FastAPI with python-jose, and uvicorn with one worker for each core"),
        ]
    ]
    return (
        "## HTTP from end to end\n\n"
        f"Requests per second under wrk with {http['connections']} connections: the medians of "
        f"{len(rates['axum'])} alternating rounds, with the same requests from 1,000 users. The load "
        "generator and the server share the cores, so a faster server also waits for wrk. The layers are "
        "added in one call, `.route_layer((auth, owner))`. "
        f"Python {http['python']}, {', '.join(http['versions'])}.\n\n"
        + table(["", "requests/s", "÷ axum without the layers"], rows)
    )


def table(header, rows):
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def ns(value):
    return f"{value:,.0f} ns"


def times(value):
    return f"{value:.2f}"


def bold(name):
    return f"**{name}**" if is_ours(name) else name
