"""The goals and the results."""

from statistics import median

from .figures import ALGORITHMS, is_ours, of_runs, peers_over_bare, ratio, scaling


def rows(results):
    """For each goal: the measurement, the bound in words, the result, and whether it was reached."""
    measured = figures_of(results["aims"])
    for build, hs256 in [
        ("", measured["HS256"]),
        (", without `simd`", figures_of(results["aims_without_simd"])["HS256"]),
    ]:
        verify = ratio(hs256["verify"], hs256["floor"])
        yield at_most(f"HS256 verification ÷ the floor{build}", verify, 1.0)
        for lane, name in [
            ("layer", "layer"),
            ("layer_with_path_owner", "layer with PathOwnerLayer"),
        ]:
            what = f"HS256 {name}, added time ÷ the floor{build}"
            yield at_most(what, ratio(over_bare(hs256, lane), hs256["floor"]), 1.2)
    hs256 = measured["HS256"]
    hit = over_bare(hs256, "layer_with_cache")
    yield at_most(
        "a hit in the token cache, added time ÷ the floor",
        ratio(hit, hs256["floor"]),
        0.25,
    )
    for alg in ["RS256", "ES256", "EdDSA"]:
        of = measured[alg]
        spared = ratio(over_bare(of, "layer"), over_bare(of, "layer_with_cache"))
        yield at_least(f"{alg} layer ÷ a hit in the token cache, added times", spared, 100)
    yield at_most(
        "HS256 layer ÷ the fastest peer, added times",
        ratio(*ours_and_fastest(results["peers"]["HS256"])),
        0.25,
    )
    for alg in ALGORITHMS[1:]:
        of = measured[alg]
        what = f"{alg} verification ÷ the bare signature check"
        yield at_most(what, ratio(of["verify"], of["bare_signature"]), 1.05)
    sessions = {name: of_runs(runs) for name, runs in results["sessions"].items()}
    yield at_most(
        "a kept session, added time ÷ HS256 verification",
        ratio(over_bare(sessions, "kept"), sessions["verify"]),
        0.6,
    )
    mac = [forged - rest for forged, rest in zip(sessions["forged"], sessions["malformed"])]
    yield at_most(
        "the MAC check of a session token ÷ a bare HMAC and base64",
        ratio(mac, sessions["hmac_and_base64"]),
        2,
    )
    threads = results["scaling"]["threads"]
    yield at_least(
        "speedup with two threads, layer ÷ HMAC loop",
        ratio(scaling(threads, "layer"), scaling(threads, "hmac")),
        0.95,
    )
    yield at_least(
        "speedup with two threads, layer with a token cache ÷ HMAC loop",
        ratio(scaling(threads, "cached"), scaling(threads, "hmac")),
        0.85,
    )
    refresh = results["scaling"]["refresh"]
    yield at_most(
        "p99 during a fetch ÷ p99 without fetches (no noticeable effect: 10 %)",
        refresh["during"]["p99"] / refresh["without"]["p99"],
        1.1,
    )
    rates = results["http"]["requests_per_second"]
    yield at_least(
        "HTTP throughput with the layers and a token cache ÷ without the layers",
        median(a / b for a, b in zip(rates["axum_with_cache"], rates["axum"])),
        0.95,
    )


def figures_of(algorithms):
    return {
        alg: {name: of_runs(runs) for name, runs in lanes.items()}
        for alg, lanes in algorithms.items()
    }


def over_bare(lanes, lane):
    return [run - bare for run, bare in zip(lanes[lane], lanes["bare"])]


def ours_and_fastest(lanes):
    """In each run, what the layer takes and what the fastest of the peers does."""
    taken = peers_over_bare(lanes)
    others = [runs for name, runs in taken.items() if not is_ours(name)]
    return taken["tower-jwt-auth"], [min(run) for run in zip(*others)]


def at_most(what, reached, bound):
    return what, f"at most {bound:g}", reached, reached <= bound


def at_least(what, reached, bound):
    return what, f"at least {bound:g}", reached, reached >= bound
