"""results.svg: the time of the layer and its peers over the bare service, with a panel per algorithm.

The chart has its own background, so that it is readable on every page, and supports dark mode.
"""

from statistics import median
from xml.sax.saxutils import escape

from .figures import PEER_ALGORITHMS, is_ours, peers_over_bare

WIDTH, LABELS, BARS = 800, 300, 400
ROW, BAR, TITLE, MARGIN = 26, 16, 40, 16

STYLE = """
  .card { fill: #ffffff; stroke: #d0d7de }
  text { fill: #1f2328; font: 13px -apple-system, "Segoe UI", Helvetica, Arial, sans-serif }
  .title { font-weight: 600 }
  .note { fill: #59636e }
  .peer { fill: #8c959f }
  .ours { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #3d444d }
    text { fill: #f0f6fc }
    .note { fill: #9198a1 }
    .peer { fill: #656c76 }
    .ours { fill: #4493f8 }
  }
"""


def draw(peers):
    y = MARGIN + 20
    body = [label(MARGIN, y, "Time per request over the bare service, shorter is better", "title")]
    y += 8
    for alg in PEER_ALGORITHMS:
        taken = {name: median(runs) for name, runs in peers_over_bare(peers[alg]).items()}
        y += TITLE
        body.append(label(MARGIN, y - 14, alg, "title"))
        body += panel(y, taken)
        y += ROW * len(taken)
    height = y + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-label="Time per request of tower-jwt-auth and its peers">\n'
        f"<style>{STYLE}</style>\n"
        f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def panel(y, taken):
    longest = max(taken.values())
    for row, name in enumerate(sorted(taken, key=taken.get)):
        top = y + row * ROW
        kind = "ours" if is_ours(name) else "peer"
        # Noise can make a small figure negative.
        width = max(1, BARS * taken[name] / longest)
        yield label(MARGIN, top + 13, name, "title" if kind == "ours" else "")
        yield f'<rect class="{kind}" x="{LABELS}" y="{top}" width="{width:.1f}" height="{BAR}" rx="2"/>'
        yield label(LABELS + width + 6, top + 13, duration(taken[name]), "note")


def label(x, y, text, kind):
    return f'<text class="{kind}" x="{x:.1f}" y="{y}">{escape(text)}</text>'


def duration(ns):
    return f"{ns:,.0f} ns" if ns < 10_000 else f"{ns / 1000:,.1f} µs"
