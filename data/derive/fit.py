#!/usr/bin/env python3
"""Fits figures that nobody has published alone from a published total of a whole path.

    python3 data/derive/fit.py            rewrites the fitted figures in data/microarchitectures/*.json
    python3 data/derive/fit.py --check    fails when that would change a file

Each file in fits/ holds one fit: what was measured, what it executes beside the figures sought (by the keys of the file of figures), and in
which shares the rest is split. The rule:

    rest  = measured - control - sum of the executed instructions
    figure = its share of the rest

The interval comes from errors that are taken as independent and added as squares: the measurement, 5 % to either side; each assumed or fitted
figure, to the ends of its interval; and all published ones together, half as dear to half as dear again, since a sum of throughputs knows
nothing of what overlaps.
"""

import json
import math
import pathlib
import sys

sys.dont_write_bytecode = True

import derive  # noqa: E402

HERE = pathlib.Path(__file__).parent
MEASUREMENT_ERROR = 0.05
OVERLAP = 0.5


def main():
    check = "--check" in sys.argv[1:]
    changed = [path.stem for path in sorted((HERE / "fits").glob("*.json")) if fit(json.loads(path.read_text(encoding="utf-8")), check)]
    if check and changed:
        sys.exit(f"Out of date: {', '.join(changed)}. Run python3 data/derive/fit.py.")


def fit(task, check):
    path = derive.DATA / f"{task['microarchitecture']}.json"
    text = path.read_text(encoding="utf-8")
    document = json.loads(text)
    figures = {figure["key"]: figure for figure in document["figures"]}

    measured = task["measured"]
    total = (measured["nanoseconds"] - task["control"]["nanoseconds"]) * measured["gigahertz"]
    executed = [(figures[key], count) for part in ("entry and exit", "body") for key, count in task["executed"][part].items()]
    spent = sum(figure["cycles"] * count for figure, count in executed)
    rest = total - spent
    low = rest - error(total, executed, lambda figure: figure["high"] - figure["cycles"])
    high = rest + error(total, executed, lambda figure: figure["cycles"] - figure["low"])
    print(f"{task['what']}: {total:.1f} cycles, {spent:.1f} executed, {rest:.1f} left ({low:.1f} to {high:.1f})")

    split = task["split"]
    whole = sum(split["shares"].values())
    for key, share in split["shares"].items():
        figures[key].update(
            cycles=rounded(rest * share / whole),
            low=rounded(low * share / whole),
            high=rounded(high * share / whole),
            confidence="fitted",
            source=measured["source"],
            note=f"fitted: {total:.1f} cycles less {spent:.1f} of the instructions executed beside, split {' : '.join(map(str, split['shares'].values()))}. {split['source']}",
        )
    for key, other in split["also"].items():
        figures[key].update({**figures[other], "key": key})
    document["figures"] = list(figures.values())
    result = derive.render(document)
    if not check:
        path.write_text(result, encoding="utf-8", newline="\n")
    return result != text


def error(total, executed, deviation):
    """How far the rest may be off to one side, in cycles."""
    published = sum(figure["cycles"] * count for figure, count in executed if figure["confidence"] == "published")
    others = [deviation(figure) * count for figure, count in executed if figure["confidence"] != "published"]
    return math.hypot(total * MEASUREMENT_ERROR, published * OVERLAP, *others)


def rounded(cycles):
    return round(cycles * 2) / 2


if __name__ == "__main__":
    main()
