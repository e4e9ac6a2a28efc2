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
        of_scaling(results["scaling"]),
        of_http(results["http"]),
    ]
    return "\n\n".join(parts) + "\n"


def of_machine(machine):
    def listed(crates):
        return ", ".join(f"{name} {' and '.join(of)}" for name, of in crates.items())

    quick = (
        "**A quick run, which says nothing but that the script works.** "
        if machine["quick"]
        else ""
    )
    return quick + (
        f"Measured on {machine['date']} on {machine['cores']} cores of an {machine['cpu']}, "
        f"{machine['system']}, load {machine['load']:.1f} before it began; commit "
        f"`{machine['commit']}`, {machine['rustc']}, release build.\n\n"
        f"- crates: {listed(machine['crates'])}\n"
        f"- peers: {listed(machine['peers'])}\n\n"
        "Figures are nanoseconds: the lower quartile of a run's samples, and of the runs the median. "
        "Ratios are medians of the runs' own ratios, which is why they may differ from those of the "
        "figures in the table."
    )


def of_aims(results):
    rows = [
        (what, bound, f"{reached:.2f}", "yes" if is_reached else "**no**")
        for what, bound, reached, is_reached in aims.rows(results)
    ]
    return (
        "## Aims\n\nFrom rounds that take turns in one process. The floor is an HMAC whose "
        "key was prepared before, the base64 of the three parts, and the claims read into a struct, "
        "with not one rule checked; the bare signature check is AWS-LC's (for HS256, the HMAC), with "
        "the key prepared.\n\n"
        + table(["what", "aim", "reached", "is that it"], rows)
        + "\n\n"
        + GAPS
    )


# What a profile said (perf, and the parts measured alone), so that a row which is not reached is
# explained beside it.
GAPS = """Where an aim is not reached, by a profile of the same code:

- **The HS256 layer** is at its bound: 1.18 times the floor here and 1.14 in the table of the layers
  below, which criterion measured. Verification is as fast as the floor. Of the 90 ns beside it, 49 are
  the user's place in a request that had no extensions; the rest is the header field and the future.
- **HS256 without `simd`**: SHA-256 is a third of the time and base64 a tenth, which the floor has
  too; the clock is 5 %, which it has not, and reading claims under all rules takes 30 ns more than
  a derived struct. With `simd`, which is a default, base64 takes a third of that.
- **PathOwnerLayer**: 120 ns beside that, of which matchit takes 17.
- **A hit of the token cache**: 95 ns of it are the clock (23) and the lookup, and 49 are the user's
  place in a request that had no extensions. Those two alone, without any lookup, are two thirds of
  what was aimed at. RS256 with 2,048 bits is checked in 12 µs here, and not in the 21 µs that the
  aim was set from.
- **The fastest peer**: `jsonwebtoken::decode` takes 1.4 µs here, and not the 2.35 µs that the aim
  was set from.
- **HTTP**: without the layers a request takes 17.5 µs of the two cores, wrk's part among them, and 5 %
  of that are 0.9 µs. By `perf` of the server under wrk, the layers take 1.56 µs of it, all in user
  space: 0.74 are verification and the path, 0.33 allocating and copying, 0.14 the boxes that axum
  makes of each `route_layer`, and 0.34 what is spread over the rest (hyper, axum, dropping)."""


def of_peers(peers):
    text = (
        "## Beside its peers\n\n![Time per request](results.svg)\n\n"
        "The layer and its peers around the same service that does nothing, in one process, taking "
        "turns; requests of 1,000 users, each with their own token, under two headers. All check "
        "the signature, `exp`, `iss` and `aud`, and each was seen to refuse bad tokens before it was "
        "measured. What counts is the time over the bare service: of axum-jwt-auth, which is an "
        "extractor, over the same handler without it.\n\n"
        "- **jwt-authorizer**: its layer, one key from a secret or a PEM; jsonwebtoken 9 over ring\n"
        "- **axum-jwt-auth**: its extractor with a `LocalDecoder` of one key; jsonwebtoken 10\n"
        "- **tower-http and jsonwebtoken**: `AsyncRequireAuthorizationLayer` around "
        "`jsonwebtoken::decode`, its future not boxed; jsonwebtoken 11\n"
        "- **tower-oauth2-resource-server**: its layer, a static key set; jsonwebtoken 11\n"
        "- **oauth-resource-server**: `HttpAuthLayer`, `initial_jwks` and no refresh; "
        "jsonwebtoken 9 over ring\n\n"
        "jsonwebtoken 10 and 11 are told to use the faster backend for each algorithm: RustCrypto "
        "for HS256, AWS-LC for the others."
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
            ["", "over the bare service", "÷ tower-jwt-auth"], rows
        )
        bare = f"The bare service takes {ns(figure(lanes['bare']))}"
        text += f"\n\n{bare}, the bare handler {ns(figure(lanes['bare handler']))}"
        if "floor" in lanes:
            text += f"; the floor of these tokens is {ns(figure(lanes['floor']))}"
        text += "."
    return text


def of_layer(layer):
    text = (
        "## The layers, by what becomes of a request\n\n"
        "Around a service that does nothing, 1,000 users, two headers."
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
        text += f"\n\n### {alg}\n\n" + table(["", "", "over the bare service", "÷ floor"], rows)
    return text


REQUESTS = {
    "jwt_auth": "`JwtAuthLayer`",
    "jwt_auth_path_owner": "`JwtAuthLayer` and `PathOwnerLayer`",
    "refused_missing": "both, refused: no token",
    "refused_bad_signature": "both, refused: bad signature",
    "refused_expired": "both, refused: expired",
    "refused_other_path": "both, refused: another user's path",
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
    return "## Verification alone\n\nOne token again and again.\n\n" + table(header, rows)


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
        "## Refusals\n\n`TokenVerifier::verify` / `jsonwebtoken::decode`, with an issuer and an "
        "audience configured.\n\n" + table(header, rows)
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
            ("keys stay", refresh["without"]),
            ("keys are fetched every second", refresh["with"]),
            ("of these, while they are fetched and read", refresh["during"]),
        ]
    ]
    return (
        text
        + "\n\n## While keys are fetched\n\nThe latency of EdDSA requests, one by one, while a "
        "`JwksFetch` that takes 20 ms brings a set of 21 keys.\n\n"
        + table(["", "requests", "median", "p99", "p99.9"], rows)
    )


def of_http(http):
    rates = http["requests_per_second"]
    rows = [
        (label, f"{median(rates[name]):,.0f}", times(ratio(rates[name], rates["axum"])))
        for name, label in [
            ("axum", "axum, without the layers"),
            ("axum_with_layers", "**axum, with `JwtAuthLayer` and `PathOwnerLayer`**"),
            ("fastapi", "FastAPI with python-jose, uvicorn with a worker for each core"),
        ]
    ]
    return (
        "## HTTP from end to end\n\n"
        f"Requests per second under wrk with {http['connections']} connections, medians of "
        f"{len(rates['axum'])} rounds in turns; the same requests of 1,000 users. The load generator "
        "and the server share the cores, so that a faster server also has to wait for wrk. "
        f"Python {http['python']}, {', '.join(http['versions'])}.\n\n"
        + table(["", "requests/s", "÷ axum without"], rows)
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
