#!/usr/bin/env python3
"""Fits figures that nobody has published alone to published totals of whole paths.

    dotnet run --project src/SyscallExplorer.Cli -- validate --json > predictions.json
    python3 data/derive/fit.py predictions.json            rewrites the fitted figures in data/microarchitectures/*.json
    python3 data/derive/fit.py predictions.json --check    fails when a fitted row is off by more than 1 %

Each file in fits/ names a row of data/published/paths.csv that is there to fit with, the figures sought, and in which shares their sum is split. What
else the path costs is not assumed but executed: the prediction of the row, by the Pipeline depth and by these same tables. System instructions have
the core for themselves, so that they add up, and the rule is

    sum    = what the figures sought cost now + published - predicted
    figure = its share of the sum, for each of its uses

The interval of the sum comes from errors that are taken as independent and added as squares: the measurement, 5 % to either side and its own interval;
the ordinary instructions, as far as docs/timing-accuracy.md says; each assumed figure beside those sought, to the ends of its interval.
"""

import json
import math
import pathlib
import sys

sys.dont_write_bytecode = True

import derive  # noqa: E402

HERE = pathlib.Path(__file__).parent
MEASUREMENT_ERROR = 0.05


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    rows = {row["id"]: row for row in json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))}
    check = "--check" in sys.argv[2:]
    off = [path.stem for path in sorted((HERE / "fits").glob("*.json")) if not fit(json.loads(path.read_text(encoding="utf-8")), rows, check)]
    if check and off:
        sys.exit(f"Off: {', '.join(off)}. Run python3 data/derive/fit.py with new predictions.")


def fit(task, rows, check):
    row = rows[task["row"]]
    if row["use"] != "fit":
        sys.exit(f"{task['row']} is there to check with, so that nothing may be fitted to it.")
    published = (row["low"] + row["high"]) / 2
    missing = published - row["predicted"]
    if check or abs(missing) < 0.005 * published:
        print(f"{task['row']}: {published:.1f} published, {row['predicted']:.1f} predicted")
        return abs(missing) <= 0.01 * published

    uses = {use["key"]: use for use in row["figures"]}
    shares = task["split"]["shares"]
    sum_now = sum(uses[key]["uses"] * uses[key]["figure"] for key in shares if key in uses)
    wanted = sum_now + missing
    doubt = math.hypot(
        published * MEASUREMENT_ERROR,
        (row["high"] - row["low"]) / 2,
        sum(use["high"] - use["cycles"] for use in row["figures"] if use["ordinary"]),
        *[(use["high"] - use["low"]) / 2 for use in row["figures"] if not use["ordinary"] and use["key"] not in shares and use["confidence"] == "assumed"],
    )
    print(f"{task['row']}: {published:.1f} published, {row['predicted']:.1f} predicted; {' + '.join(shares)} come to {wanted:.1f} (give or take {doubt:.1f})")
    if wanted <= 0:
        sys.exit(f"{task['row']}: nothing is left for {', '.join(shares)}. The path costs more without them than was published.")

    path = derive.DATA / f"{task['microarchitecture']}.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    figures = {figure["key"]: figure for figure in document["figures"]}
    whole = sum(share * uses[key]["uses"] for key, share in shares.items() if key in uses)
    for key, share in shares.items():
        figures[key] = {
            "key": key,
            "cycles": rounded(wanted * share / whole),
            "low": rounded(max(0, wanted - doubt) * share / whole),
            "high": rounded((wanted + doubt) * share / whole),
            "unit": "cycles",
            "confidence": "fitted",
            "source": task["source"],
            "note": f"fitted: to {task['row']}, {published:.1f} cycles less all else that the path executes, split "
                    f"{' : '.join(f'{value:g}' for value in shares.values())}. {task['split']['source']}",
        }
    for key, other in task["split"].get("also", {}).items():
        figures[key] = {**figures[other], "key": key}
    document["figures"] = [figures[key] for key in sorted(figures)]
    path.write_text(derive.render(document), encoding="utf-8", newline="\n")
    return True


def rounded(cycles):
    return round(cycles * 2) / 2


if __name__ == "__main__":
    main()
