"""The running test cluster, spoken to over one keep-alive connection, so that the client adds next to nothing."""
import http.client
import json
import os
import re
import socket
import ssl


class Cluster:
    """Admin access to the cluster in folder (tests/cluster/up --dir folder)."""

    def __init__(self, folder):
        with open(os.path.join(folder, "site.json")) as f:
            self.site = json.load(f)
        self.kubeconfig = self.site["kubeconfig"]
        self._token = next(u["token"] for u in self.site["users"] if u["name"] == "admin")
        self._tls = ssl.create_default_context(cafile=self.site["ca"])
        self._connection = None

    def call(self, method, path, body=None):
        """The decoded answer; raises RuntimeError with the server's words when it refuses."""
        raw = None if body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json", "User-Agent": "brink-bench"}
        for attempt in (1, 2):
            try:
                if self._connection is None:
                    self._connection = self._connect()
                self._connection.request(method, path, raw, headers)
                answer = self._connection.getresponse()
                text = answer.read().decode()
                break
            except (http.client.HTTPException, OSError):
                # A kept connection may have been closed meanwhile; a second failure is real.
                self._connection = None
                if attempt == 2:
                    raise
        if answer.status // 100 != 2:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]}")
        return json.loads(text) if text[:1] in "{[" else text

    def _connect(self):
        host, port = re.match(r"https://(.+):(\d+)$", self.site["server"]).groups()
        connection = http.client.HTTPSConnection(host, int(port), timeout=30, context=self._tls)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def requests(self):
        """How many requests the API server has answered, by verb. Asking is itself one GET."""
        by = {}
        for line in self.call("GET", "/metrics").splitlines():
            found = re.match(r"apiserver_request_total\{(.*)\} (\S+)$", line)
            if found:
                labels = dict(re.findall(r'(\w+)="([^"]*)"', found[1]))
                by[labels["verb"]] = by.get(labels["verb"], 0) + float(found[2])
        return by
