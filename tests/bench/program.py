"""The program that is measured: where it is, and what it has cost."""
import os
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def build():
    """Builds the release binary and gives its path."""
    print("bench: building the release binary", file=sys.stderr)
    subprocess.run(["cargo", "build", "--locked", "--release", "--bin", "brink"], cwd=ROOT, check=True, stdout=sys.stderr)
    return os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release", "brink")


def cpu_seconds(pids):
    """CPU time of processes so far; one that has gone counts nothing."""
    total = 0.0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as f:
                fields = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total
