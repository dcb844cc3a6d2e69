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
        self._control("POST", "/rules", {"id": name, "action": action})

    def rules_off(self):
        """Ends all of it."""
        self._control("DELETE", "/rules")

    def _control(self, method, path, body=None):
        request = urllib.request.Request(
            self.told["control"].rstrip("/") + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer " + self.told["controlToken"]},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()

    def login(self):
        """Server, authority (PEM in base64) and token of the kubeconfig's first user."""
        with open(self.told["kubeconfig"]) as f:
            text = f.read()
        return [re.search(rf"{key}: (\S+)", text)[1] for key in ("server", "certificate-authority-data", "token")]

    def pod(self, namespace, beginning):
        """The whole name of a pod; worlds of different seeds have different ones."""
        server, authority, token = self.login()
        tls = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
        request = urllib.request.Request(
            f"{server}/api/v1/namespaces/{namespace}/pods", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=10, context=tls) as answer:
            pods = json.load(answer)["items"]
        return next(pod["metadata"]["name"] for pod in pods if pod["metadata"]["name"].startswith(beginning))


def kubeconfig(path, worlds, namespace):
    """Writes one kubeconfig with a context for each world of {name: world}; the first is the current one."""
    clusters, users, contexts = [], [], []
    for name, world in worlds.items():
        server, authority, token = world.login()
        clusters.append({"name": name, "cluster": {"server": server, "certificate-authority-data": authority}})
        users.append({"name": name, "user": {"token": token}})
        contexts.append({"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}})
    whole = {
        "apiVersion": "v1", "kind": "Config", "clusters": clusters, "users": users, "contexts": contexts,
        "current-context": next(iter(worlds)),
    }
    with open(path, "w") as f:
        json.dump(whole, f)
