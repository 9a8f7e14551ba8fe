# SPDX-License-Identifier: BSD-2-Clause
"""A real Kubernetes API server of a test's own: etcd and kube-apiserver on loopback, with their own authority."""
import base64
import concurrent.futures
import ctypes
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
START_SECONDS = 60
TOKEN = "weir-tests-token"
READER_TOKEN = "weir-tests-reader-token"  # of a user who may nothing until a test says so


def find():
    """Where tests/kube/fetch has put the server; None when it isn't built."""
    cache = os.environ.get("WEIR_KUBE_CACHE", "/var/cache/weir-tests/kube-apiserver-1.20.2")
    return cache if os.access(os.path.join(cache, "kube-apiserver"), os.X_OK) and shutil.which("etcd") else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def enter_netns(path):
    """This thread, and no other, goes into the network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open(path, os.O_RDONLY)
    try:
        if libc.setns(fd, 0x40000000):  # CLONE_NEWNET
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(fd)


class ApiServer:
    """Starts both, in a network namespace if one is named; objects are made by request(). Use as a context."""

    def __init__(self, netns=None):
        self.enter = ["nsenter", f"--net={netns}"] if netns else []
        self.thread = concurrent.futures.ThreadPoolExecutor(
            1, initializer=lambda: enter_netns(netns) if netns else None)
        self.directory = tempfile.mkdtemp(prefix="weir-kube-")
        self.port, self.etcd_port, self.etcd_peer_port = free_port(), free_port(), free_port()
        self.etcd = self.api = None
        self.context = None

    def path(self, name):
        return os.path.join(self.directory, name)

    def url(self):
        return f"https://127.0.0.1:{self.port}"

    # --- certificates ---------------------------------------------------------

    def make_key(self, name):
        run("openssl", "genrsa", "-out", self.path(f"{name}.key"), "2048")

    def make_certificate(self, name, subject, extension):
        self.make_key(name)
        run("openssl", "req", "-new", "-key", self.path(f"{name}.key"), "-subj", subject, "-out",
            self.path(f"{name}.csr"))
        with open(self.path(f"{name}.ext"), "w", encoding="ascii") as file:
            file.write(extension)
        run("openssl", "x509", "-req", "-in", self.path(f"{name}.csr"), "-CA", self.path("ca.crt"), "-CAkey",
            self.path("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", self.path(f"{name}.ext"), "-out",
            self.path(f"{name}.crt"))

    def make_certificates(self):
        self.make_key("ca")
        run("openssl", "req", "-x509", "-new", "-key", self.path("ca.key"), "-subj", "/CN=weir-tests", "-days", "2",
            "-out", self.path("ca.crt"))
        self.make_certificate("server", "/CN=kube-apiserver",
                              "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n")
        self.make_certificate("admin", "/O=system:masters/CN=admin", "extendedKeyUsage=clientAuth\n")
        self.make_key("accounts")

    # --- life -----------------------------------------------------------------

    def start_etcd(self):
        client = f"http://127.0.0.1:{self.etcd_port}"
        peer = f"http://127.0.0.1:{self.etcd_peer_port}"
        with open(self.path("etcd.log"), "ab") as log:
            self.etcd = subprocess.Popen(
                [*self.enter, "etcd", "--data-dir", self.path("etcd"), "--listen-client-urls", client, "--advertise-client-urls",
                 client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster",
                 f"default={peer}", "--unsafe-no-fsync"], stdout=log, stderr=log)

    def start_api(self):
        with open(self.path("api.log"), "ab") as log:
            self.api = subprocess.Popen(
                [*self.enter, os.path.join(find(), "kube-apiserver"), "--etcd-servers", f"http://127.0.0.1:{self.etcd_port}",
                 "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", str(self.port),
                 "--tls-cert-file", self.path("server.crt"), "--tls-private-key-file", self.path("server.key"),
                 "--client-ca-file", self.path("ca.crt"), "--token-auth-file", self.path("tokens.csv"),
                 "--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file",
                 self.path("accounts.key"), "--service-account-signing-key-file", self.path("accounts.key"),
                 "--service-cluster-ip-range", "10.96.0.0/16", "--authorization-mode", "RBAC",
                 "--disable-admission-plugins", "ServiceAccount", "--cert-dir", self.directory],
                stdout=log, stderr=log)

    def wait(self):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.api.poll() is not None:
                break
            try:
                if self.request("GET", "/readyz", raw=True) == "ok":
                    return
            except (OSError, urllib.error.URLError):
                pass
            time.sleep(0.05)
        with open(self.path("api.log"), encoding="utf-8", errors="replace") as log:
            raise RuntimeError("the API server does not start: " + log.read()[-2000:])

    def __enter__(self):
        self.make_certificates()
        with open(self.path("tokens.csv"), "w", encoding="ascii") as file:
            file.write(f'{TOKEN},weir,weir-uid,"system:masters"\n{READER_TOKEN},reader,reader-uid\n')
        self.context = ssl.create_default_context(cafile=self.path("ca.crt"))
        self.context.load_cert_chain(self.path("admin.crt"), self.path("admin.key"))
        self.start_etcd()
        try:
            self.start_api()
            self.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def stop_api(self):
        """As in a crash: asked to end, it would wait for its watchers."""
        self.api.kill()
        self.api.wait()

    def restart_api(self):
        self.stop_api()
        self.start_api()
        self.wait()

    def __exit__(self, *_):
        self.stop_api()
        end_process(self.etcd)
        self.thread.shutdown()
        shutil.rmtree(self.directory, ignore_errors=True)

    # --- use ------------------------------------------------------------------

    def request(self, *words, **options):
        return self.thread.submit(self._request, *words, **options).result()

    def status(self, method, path, token):
        """With which code somebody who has this token is answered."""
        return self.thread.submit(self._status, method, path, token).result()

    def _status(self, method, path, token):
        context = ssl.create_default_context(cafile=self.path("ca.crt"))
        request = urllib.request.Request(self.url() + path, method=method, headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, context=context, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as e:
            return e.code

    def compact(self):
        """Has etcd forget what has been up to now."""
        client = [*self.enter, "env", "ETCDCTL_API=3", "etcdctl", "--endpoints", f"http://127.0.0.1:{self.etcd_port}"]
        said = subprocess.run([*client, "endpoint", "status", "-w", "json"], check=True, capture_output=True).stdout
        run(*client, "compact", str(json.loads(said)[0]["Status"]["header"]["revision"]))

    def _request(self, method, path, body=None, raw=False, content="application/json"):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url() + path, data=data, method=method,
                                         headers={"Content-Type": content})
        with urllib.request.urlopen(request, context=self.context, timeout=30) as answer:
            text = answer.read().decode()
        return text if raw else json.loads(text)

    def client(self):
        """Requests over one connection, for a thread of its own that is in the server's namespace."""
        return Client(self)

    def kubeconfig(self, user=None, server=None):
        """A kubeconfig file; user: its "user" part (default: the administrator's certificate)."""
        def data(name):
            with open(self.path(name), "rb") as file:
                return base64.b64encode(file.read()).decode()

        user = user or {"client-certificate-data": data("admin.crt"), "client-key-data": data("admin.key")}
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "tests",
            "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "tests"}}],
            "clusters": [{"name": "tests", "cluster": {"server": server or self.url(),
                                                       "certificate-authority-data": data("ca.crt")}}],
            "users": [{"name": "tests", "user": user}],
        }
        handle, path = tempfile.mkstemp(prefix="kubeconfig-", dir=self.directory)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(config, file)
        return path


class Client:
    """Many requests over one connection, by whichever thread has it."""

    def __init__(self, api):
        self.api, self.connection = api, None

    def request(self, method, path, body=None, content="application/json"):
        """What the server answers; None when it has no such thing, any more."""
        if self.connection is None:
            self.connection = http.client.HTTPSConnection("127.0.0.1", self.api.port, context=self.api.context,
                                                          timeout=30)
        self.connection.request(method, path, json.dumps(body) if body is not None else None,
                                {"Content-Type": content})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status == 404:
            return None
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text)

    def close(self):
        if self.connection:
            self.connection.close()


def end_process(process):
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
