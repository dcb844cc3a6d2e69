"""A served world of the embedded cluster, and its kubeconfig under another name."""
import json
import signal
import subprocess
import time

from program import cpu_seconds


class World:
    """A served world without a cockpit; it ends with the with."""

    def __init__(self, command, pods):
        words = [command, "demo", "--serve", "127.0.0.1:0", "-o", "json"] + (["--pods", str(pods)] if pods else [])
        self.began = time.monotonic()
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the world ended before it was ready")
        self.told = json.loads(line)
        self.waited, self.ready = time.monotonic() - self.began, cpu_seconds([self.process.pid])
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def context_of(path, name):
    """The current context of a world's kubeconfig alone, under another name, as what JSON can say."""
    lines = open(path).read().splitlines()

    def value(key):
        return next(line.split(": ", 1)[1] for line in lines if line.strip().startswith(key + ": "))

    token = value("token")
    alive = next((line.split("extension: ", 1)[1] for line in lines if "extension: {" in line), None)
    cluster = {"server": value("server"), "certificate-authority-data": value("certificate-authority-data")}
    if alive:
        cluster["extensions"] = [{"name": "brink.dev/world", "extension": json.loads(alive)}]
    return {
        "apiVersion": "v1", "kind": "Config", "current-context": name,
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }
