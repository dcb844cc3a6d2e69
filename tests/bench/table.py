#!/usr/bin/env python3
"""Prints the figures of drive.py beside the targets.   usage: table.py FILE.json…   (the first is brink, the others are peers)"""
import json
import os
import sys

FIGURES = [
    # key, what, unit, factor, target
    ("first_paint_s", "first paint after start", "ms", 1000, 20),
    ("first_rows_s", "first rows", "ms", 1000, 100),
    ("all_rows_s", "all rows", "ms", 1000, 900),
    ("rss_mib", "resident memory", "MiB", 1, 30),
    ("rss_peak_mib", "peak memory", "MiB", 1, None),
    ("idle_cpu_pct", "CPU while idle", "% of a core", 1, 0.5),
    ("idle_bytes_per_s", "bytes to the terminal while idle", "B/s", 1, 10),
    ("idle_lists", "LISTs while idle", "", 1, 0),
    ("event_median_s", "new pod on screen, median", "ms", 1000, 30),
    ("event_worst_s", "new pod on screen, worst", "ms", 1000, 80),
    ("events_lost", "new pods that did not appear", "", 1, 0),
]


def shown(value, factor):
    if value is None:
        return "–"
    value *= factor
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def printed(lines):
    """A table with a ruled head: words to the left, figures to the right, the last column as it is."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for n, line in enumerate(lines):
        cells = [c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(line[:-1], widths))]
        print(("  ".join(cells) + "  " + line[-1]).rstrip())
        if n == 0:
            print("-" * (sum(widths[:-1]) + 2 * (len(widths) - 2)))


def judged(value, factor, target):
    if target is None:
        return "", ""
    return f"≤ {target:g}", "not taken" if value is None else "ok" if value * factor <= target else "MISSED"


def beside_targets(figures, out):
    """Prints one run: figures are (key, what, unit, factor, target), out their values."""
    print(f"{os.cpu_count()} cores; load {os.getloadavg()[0]:.1f}")
    lines = [["figure", "unit", "target", "now", ""]]
    for key, what, unit, factor, target in figures:
        limit, verdict = judged(out.get(key), factor, target)
        lines.append([what, unit, limit, shown(out.get(key), factor), verdict])
    printed(lines)


def beside_peers(figures, runs):
    """Prints runs of several programs: figures are (key, what, unit, factor); the last column is how many times the first one
    goes into the second."""
    lines = [["figure", "unit"] + [run["name"] for run in runs] + ["times"]]
    for key, what, unit, factor in figures:
        values = [run.get(key) for run in runs]
        times = f"{values[1] / values[0]:.1f}" if len(values) > 1 and values[0] and values[1] is not None else ""
        lines.append([what, unit] + [shown(value, factor) for value in values] + [times])
    printed(lines)


def main():
    runs = [json.load(open(path)) for path in sys.argv[1:]]
    lines = [["figure", "unit", "target"] + [r["name"] for r in runs] + [""]]
    for key, what, unit, factor, target in FIGURES:
        limit, verdict = judged(runs[0].get(key), factor, target)
        lines.append([what, unit, limit] + [shown(r.get(key), factor) for r in runs] + [verdict])
    printed(lines)


if __name__ == "__main__":
    main()
