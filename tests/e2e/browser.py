# SPDX-License-Identifier: BSD-2-Clause
"""Headless Chromium in a lab's node, and what it has to say of a page."""
import contextlib
import ctypes
import json
import os

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

CLONE_NEWNET = 0x40000000
WORDS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
         "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

# Instead of what the agent counts, what a test wants counted. Violations of the policy are kept for the test.
FAKE_PAIRS = """
window.fakePairs = {items: %s, begun: performance.now()};
window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => window.violations.push(e.violatedDirective + " " + e.blockedURI));
const real = window.fetch;
window.fetch = (path, options) => {
	if (path !== "/v1/pairs" || window.fakePairs.items === null)
		return real(path, options);
	const seconds = (performance.now() - window.fakePairs.begun) / 1000;
	const items = window.fakePairs.items.map((pair) => {
		const now = {source: pair.source, destination: pair.destination};
		for (const kind of ["allowed", "denied", "limited", "audited"])
			now[kind] = Object.fromEntries(Object.entries(pair[kind]).map(([u, r]) => [u, Math.floor(r * seconds)]));
		return now;
	});
	return Promise.resolve(new Response(JSON.stringify({uptimeSeconds: seconds, items, other: {}})));
};
"""


@contextlib.contextmanager
def inside(host):
    """Sockets that this thread makes here are in the host's network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net", "rb") as before, open(f"/run/netns/{host.netns}", "rb") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            libc.setns(before.fileno(), CLONE_NEWNET)


class Browser:
    """One window. Made, used and closed inside() the host that it runs in."""

    def __init__(self, pairs=None):
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for word in WORDS:
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.command("Page.addScriptToEvaluateOnNewDocument", source=FAKE_PAIRS % json.dumps(pairs))
        self.looks()

    def command(self, name, **arguments):
        return self.driver.execute_cdp_cmd(name, arguments)

    def looks(self, width=1280, height=800, scheme="light"):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                     mobile=False)
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def press(self, *keys):
        """To whatever has the focus."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def complaints(self):
        """Console errors, and what the page's own policy forbade it."""
        return ([e["message"] for e in self.driver.get_log("browser") if e["level"] in ("SEVERE", "WARNING")]
                + self.js("return window.violations"))

    def picture(self, name):
        """A screenshot where $WEIR_SCREENSHOTS names a directory."""
        if directory := os.environ.get("WEIR_SCREENSHOTS"):
            self.driver.save_screenshot(os.path.join(directory, f"{name}.png"))

    def close(self):
        self.driver.quit()
