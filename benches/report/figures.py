"""Computes figures from samples.

The figure of a run is the lower quartile of its samples, because other work on the machine makes
samples longer and never shorter. The final figure is the median of the runs. A ratio is the median of
the ratios of the runs, because the conditions are the same within a run.
"""

from statistics import median, quantiles

# Each lane is compared with its own bare service.
BARE_OF = {"axum-jwt-auth": "bare handler"}
ALGORITHMS = ["HS256", "RS256", "PS256", "ES256", "EdDSA"]
PEER_ALGORITHMS = ["HS256", "RS256", "EdDSA"]
NOT_PEERS = {"bare", "bare handler", "floor"}


def of_runs(runs):
    """Returns the figure of each run."""
    return [quantiles(samples, n=4)[0] if len(samples) > 1 else samples[0] for samples in runs]


def figure(runs):
    return median(of_runs(runs))


def over(runs, bare):
    """Returns the time over the bare service in each run."""
    return [run - base for run, base in zip(of_runs(runs), of_runs(bare))]


def ratio(ones, others):
    return median(one / other for one, other in zip(ones, others))


def peers_over_bare(lanes):
    """Returns the time of each peer over its bare service in each run."""
    return {
        name: over(runs, lanes[BARE_OF.get(name, "bare")])
        for name, runs in lanes.items()
        if name not in NOT_PEERS
    }


def is_ours(name):
    return name.startswith("tower-jwt-auth")


def per_second(runs, threads):
    """Returns the steps per second of all threads, in each run."""
    return [threads * 1e9 / run for run in of_runs(runs)]


def scaling(threads, lane):
    """Returns the ratio of two threads to one, in each run."""
    one = per_second(threads[f"{lane}_1_thread"], 1)
    two = per_second(threads[f"{lane}_2_threads"], 2)
    return [of_two / of_one for of_one, of_two in zip(one, two)]
