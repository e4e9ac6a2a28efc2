"""From samples to figures.

Of each run counts the lower quartile of its samples: whatever else the machine did has made some of
them longer and none shorter. Of the runs counts the median; and of a ratio the median of the runs'
own ratios, since what is divided then had the same weather.
"""

from statistics import median, quantiles

# What carries a service around it is compared by what it takes over its own bare service.
BARE_OF = {"axum-jwt-auth": "bare handler"}
ALGORITHMS = ["HS256", "RS256", "PS256", "ES256", "EdDSA"]
PEER_ALGORITHMS = ["HS256", "RS256", "EdDSA"]
NOT_PEERS = {"bare", "bare handler", "floor"}


def of_runs(runs):
    """One figure for each run."""
    return [quantiles(samples, n=4)[0] if len(samples) > 1 else samples[0] for samples in runs]


def figure(runs):
    return median(of_runs(runs))


def over(runs, bare):
    """What each run took more than the bare one beside it."""
    return [run - least for run, least in zip(of_runs(runs), of_runs(bare))]


def ratio(ones, others):
    return median(one / other for one, other in zip(ones, others))


def peers_over_bare(lanes):
    """Of each peer, what it takes over its bare service in each run."""
    return {
        name: over(runs, lanes[BARE_OF.get(name, "bare")])
        for name, runs in lanes.items()
        if name not in NOT_PEERS
    }


def is_ours(name):
    return name.startswith("tower-jwt-auth")


def per_second(runs, threads):
    """How many steps the threads do in a second together, in each run."""
    return [threads * 1e9 / run for run in of_runs(runs)]


def scaling(threads, lane):
    """How much more two threads do than one, in each run."""
    one = per_second(threads[f"{lane}_1_thread"], 1)
    two = per_second(threads[f"{lane}_2_threads"], 2)
    return [of_two / of_one for of_one, of_two in zip(one, two)]
