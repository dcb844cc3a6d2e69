#!/usr/bin/env python3
"""Measures a cockpit from the outside, as a person sees it: real bytes on a real pty, a real API server with many pods.

usage: drive.py --site D --name NAME [--starts N] [--idle S] [--canaries N] [--row-re RE] [--full-re RE] -- COMMAND ARG…

Prints one JSON object. A figure that could not be taken is null, with the last screen on stderr; nothing here fails on time.
"""
import argparse
import json
import os
import statistics
import sys
import time

from cluster import Cluster
from terminal import Terminal

NAMESPACE = "aaa-bench"


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--site", required=True, help="folder of the running cluster")
    p.add_argument("--name", required=True)
    p.add_argument("--starts", type=int, default=5, help="starts for the first three figures (median)")
    p.add_argument("--idle", type=float, default=60, help="seconds of looking at an idle screen")
    p.add_argument("--quiet-from", type=float, default=0, help="Unix time before which the screen is not idle: ages count in seconds")
    p.add_argument("--canaries", type=int, default=25, help="pods made to time POST to screen")
    p.add_argument("--rows", type=int, default=50)
    p.add_argument("--cols", type=int, default=200)
    p.add_argument("--row-re", default=r"app-\d\d-\d{5}")
    p.add_argument("--full-re", default=r"(?<![\d,.])10[,. ]?\d{3}(?![\d,.…])")
    p.add_argument("command", nargs=argparse.REMAINDER)
    a = p.parse_args()
    a.command = a.command[1:] if a.command[:1] == ["--"] else a.command
    if not a.command:
        p.error("no command to measure")
    return a


def start(a, cluster):
    return Terminal(a.command, a.rows, a.cols, {"KUBECONFIG": cluster.kubeconfig})


def since(terminal, moment):
    return None if moment is None else moment - terminal.started


def starts(a, cluster):
    """First paint, first rows, all rows of each start; leaves the last one running."""
    taken = []
    for n in range(a.starts):
        t = start(a, cluster)
        paint = since(t, t.wait_painted())
        rows = since(t, t.wait(a.row_re))
        full = since(t, t.wait(a.full_re)) if rows is not None else None
        taken.append((paint, rows, full))
        if rows is None or full is None:
            print(f"{a.name}: the expected text did not appear; last screen:\n{t.text()}", file=sys.stderr)
            return taken, t
        if n < a.starts - 1:
            t.close()
    return taken, t


def median(values):
    good = [v for v in values if v is not None]
    return statistics.median(good) if good else None


def idle(a, t, cluster):
    """Memory, CPU share of one core and bytes per second while nothing happens, and what the program still asks."""
    # What a start leaves behind is not idleness, and neither are ages that are still told in seconds.
    time.sleep(max(8, a.quiet_from - time.time()))
    memory, peak = t.memory_mib()
    asked = cluster.requests()
    cpu, sent, began = t.cpu_seconds(), t.bytes, time.monotonic()
    time.sleep(a.idle)
    took = time.monotonic() - began
    cpu, sent = t.cpu_seconds() - cpu, t.bytes - sent
    now = cluster.requests()
    return {
        "rss_mib": memory, "rss_peak_mib": peak, "idle_cpu_pct": 100 * cpu / took, "idle_bytes_per_s": sent / took,
        "idle_lists": now.get("LIST", 0) - asked.get("LIST", 0),
    }


def canaries(a, t, cluster):
    """Seconds from the return of each pod's POST to its name on the screen. None for one that did not come within 10 s."""
    try:
        cluster.call("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    except RuntimeError as e:
        if " 409 " not in str(e):
            raise
    path, waits = f"/api/v1/namespaces/{NAMESPACE}/pods", []
    for n in range(a.canaries):
        name = f"aaa-{os.getpid() % 1000:03}-{n:02}"
        cluster.call("POST", path, {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"nodeName": "node-0000", "containers": [{"name": "c", "image": "none"}]},
        })
        posted = time.monotonic()
        seen = t.wait(name, deadline=10)
        waits.append(None if seen is None else max(0.0, seen - posted))
        if seen is None and n == 2 and not any(waits):
            print(f"{a.name}: three new pods did not appear; last screen:\n{t.text()}", file=sys.stderr)
            return waits
        cluster.call("DELETE", f"{path}/{name}?gracePeriodSeconds=0")
        t.wait(name, deadline=10, absent=True)
    return waits


def main():
    a = arguments()
    cluster = Cluster(a.site)
    taken, t = starts(a, cluster)
    try:
        out = {"name": a.name, "starts": len(taken)}
        for i, key in enumerate(("first_paint_s", "first_rows_s", "all_rows_s")):
            out[key] = median([row[i] for row in taken])
        if not t.alive:
            out["ended"] = "the program ended by itself"
        else:
            out |= idle(a, t, cluster)
            waits = canaries(a, t, cluster)
            good = [w for w in waits if w is not None]
            out |= {
                "event_median_s": median(waits), "event_worst_s": max(good) if good else None,
                "events": len(waits), "events_lost": len(waits) - len(good),
            }
        print(json.dumps(out))
    finally:
        t.close()


if __name__ == "__main__":
    main()
