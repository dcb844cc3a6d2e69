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


def beside_targets(figures, out):
    """Prints one run: figures are (key, what, unit, factor, target), out their values."""
    print(f"{os.cpu_count()} cores; load {os.getloadavg()[0]:.1f}")
    lines = [["figure", "unit", "target", "now", ""]]
    for key, what, unit, factor, target in figures:
        value = out.get(key)
        verdict = "" if target is None else "not taken" if value is None else "ok" if value * factor <= target else "MISSED"
        lines.append([what, unit, "" if target is None else f"≤ {target:g}", shown(value, factor), verdict])
    widths = [max(len(line[i]) for line in lines) for i in range(5)]
    for n, line in enumerate(lines):
        cells = [c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(line[:-1], widths))]
        print(("  ".join(cells) + "  " + line[-1]).rstrip())
        if n == 0:
            print("-" * (sum(widths[:-1]) + 6))


def main():
    runs = [json.load(open(path)) for path in sys.argv[1:]]
    head = ["figure", "unit", "target"] + [r["name"] for r in runs] + [""]
    lines = [head]
    for key, what, unit, factor, target in FIGURES:
        mine = runs[0].get(key)
        verdict = "" if target is None else "not taken" if mine is None else "ok" if mine * factor <= target else "MISSED"
        lines.append([what, unit, "" if target is None else f"≤ {target:g}"] + [shown(r.get(key), factor) for r in runs] + [verdict])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for n, line in enumerate(lines):
        cells = [c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(line[:-1], widths))]
        print(("  ".join(cells) + "  " + line[-1]).rstrip())
        if n == 0:
            print("-" * (sum(widths[:-1]) + 2 * (len(widths) - 2)))


if __name__ == "__main__":
    main()
