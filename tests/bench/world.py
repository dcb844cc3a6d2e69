"""The simulated cluster, served by the program that is measured, without a cockpit."""
import base64
import json
import re
import signal
import ssl
import subprocess
import time
import urllib.request

from program import cpu_seconds


def peak_mib(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read())[1]) / 1024


class World:
    """A served world without a cockpit; it ends with the with."""

    def __init__(self, command, pods=None, seed=1):
        words = [command, "demo", "--serve", "127.0.0.1:0", "-o", "json"] + (["--pods", str(pods)] if pods else []) + ["--seed", str(seed)]
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

    def share(self, seconds):
        """CPU as a share of one core in percent, and the peak of its memory."""
        before, began = cpu_seconds([self.process.pid]), time.monotonic()
        time.sleep(seconds)
        return 100 * (cpu_seconds([self.process.pid]) - before) / (time.monotonic() - began), peak_mib(self.process.pid)

    def rule(self, name, action):
        """Orders trouble at the world's control door."""
        self.control("POST", "/rules", {"id": name, "action": action})

    def rules_off(self):
        """Ends all of it."""
        self.control("DELETE", "/rules")

    def control(self, method, path, body=None):
        """One exchange at the control door."""
        request = urllib.request.Request(
            self.told["control"].rstrip("/") + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer " + self.told["controlToken"]},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def pod(self, namespace, beginning):
        """The whole name of a pod; worlds of different seeds have different ones."""
        config = context_of(self.told["kubeconfig"], "world")
        cluster, token = config["clusters"][0]["cluster"], config["users"][0]["user"]["token"]
        authority = cluster["certificate-authority-data"]
        tls = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
        request = urllib.request.Request(
            f"{cluster['server']}/api/v1/namespaces/{namespace}/pods", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=10, context=tls) as answer:
            pods = json.load(answer)["items"]
        return next(pod["metadata"]["name"] for pod in pods if pod["metadata"]["name"].startswith(beginning))


def context_of(path, name, namespace=None):
    """The first context of a world's kubeconfig alone, under another name, as what JSON can say."""
    with open(path) as f:
        lines = f.read().splitlines()

    def value(key):
        return next(line.split(": ", 1)[1] for line in lines if line.strip().startswith(key + ": "))

    alive = next((line.split("extension: ", 1)[1] for line in lines if "extension: {" in line), None)
    cluster = {"server": value("server"), "certificate-authority-data": value("certificate-authority-data")}
    if alive:
        cluster["extensions"] = [{"name": "brink.dev/world", "extension": json.loads(alive)}]
    place = {"cluster": name, "user": name} | ({"namespace": namespace} if namespace else {})
    return {
        "apiVersion": "v1", "kind": "Config", "current-context": name,
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": {"token": value("token")}}],
        "contexts": [{"name": name, "context": place}],
    }


def kubeconfig(path, worlds, namespace):
    """Writes one kubeconfig with a context for each world of {name: world}; the first is the current one."""
    each = [context_of(world.told["kubeconfig"], name, namespace) for name, world in worlds.items()]
    whole = each[0] | {key: [one[key][0] for one in each] for key in ("clusters", "users", "contexts")}
    with open(path, "w") as f:
        json.dump(whole, f)
