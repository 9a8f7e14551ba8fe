#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The service map: what the agent serves, and the page in headless Chromium."""
import http.client
import json
import shutil

from case import LabCase, main, skip_all
from core_cases import ALLOW_FRONTEND
from fake_agent import pair

try:
    from browser import Browser, inside
    from selenium.webdriver.common.keys import Keys
except ImportError:
    skip_all("needs python3-selenium")
if not shutil.which("chromium") or not shutil.which("chromedriver"):
    skip_all("needs Chromium and its driver")

ADDRESS, PORT = "127.0.0.1", 9965
URL = f"http://{ADDRESS}:{PORT}/"
PAIRS = [pair("shop/frontend", "shop/backend", packets=1000, size=800, connections=20),
         pair("shop/backend", "shop/db", packets=200, size=9000, connections=50, limited=10),
         pair("shop/intruder", "shop/db", denied=300),
         pair("ops/monitor", "shop/backend", audited=5),
         pair("world", "shop/frontend", packets=4000, size=1400, connections=9, denied=20),
         pair("shop/frontend", "world", packets=2)]
HOSTILE = ["<img src=x onerror=window.hacked=1>", "\"><script>window.hacked=1</script>", "__proto__/constructor",
           "a/<svg onload=window.hacked=1>", "javascript:window.hacked=1//x", "\u202ereversed/" + "x" * 300]
LIMITED = """
apiVersion: weir.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: paced, namespace: shop}
spec:
  podSelector: {matchLabels: {app: backend}}
  ingress:
  - name: from-all
    limits: [{packetsPerSecond: 1000, burst: 100}]
"""


class UiCase(LabCase):
    settings = {"ui": f"{ADDRESS}:{PORT}"}

    def ask(self, path="/", method="GET", host=f"{ADDRESS}:{PORT}", body=None):
        with inside(self.lab.node):
            connection = http.client.HTTPConnection(ADDRESS, PORT, timeout=5)
            connection.putrequest(method, path, skip_host=True)
            if host is not None:
                connection.putheader("Host", host)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            text = answer.read().decode()
            connection.close()
        return answer, text


class Served(UiCase):
    def test_headers(self):
        """every answer forbids the browser whatever the page doesn't need"""
        for path, status in (("/", 200), ("/v1/status", 200), ("/v1/pairs", 200), ("/v1/limits", 200), ("/nothing", 404)):
            answer, _ = self.ask(path)
            self.assertEqual(answer.status, status, path)
            policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
            self.assertEqual(policy["default-src"], "'none'")
            self.assertEqual(policy["frame-ancestors"], "'none'")
            self.assertNotIn("unsafe", answer.headers["Content-Security-Policy"])
            self.assertRegex(policy["script-src"], r"^('sha256-[\w+/=]{44}' ?)+$")
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
            self.assertEqual(answer.headers["Cross-Origin-Resource-Policy"], "same-origin")
            self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])

    def test_self_contained(self):
        """the page names nothing outside itself"""
        answer, text = self.ask()
        self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
        for word in ("src=", "@import", "url(", "https:", "<link rel=\"stylesheet"):
            self.assertNotIn(word, text.replace("url(#", ""), word)
        self.assertEqual(set(w.split('"')[0] for w in text.split("http://")[1:]), {"www.w3.org/2000/svg"})

    def test_host(self):
        """a request under a name that isn't the node's own is refused, whatever it asks for"""
        for host in ("evil.example", "evil.example:9965", "localhost.evil.example", "127.0.0.1.evil.example", "", None,
                     "[::1].evil.example"):
            for path in ("/", "/v1/status", "/nothing"):
                answer, text = self.ask(path, host=host)
                self.assertIn(answer.status, (400, 421), (host, path))
                self.assertNotIn("revision", text)
        for host in ("localhost", "localhost:8080", "127.0.0.1", "[::1]:9965", "192.0.2.7:80"):
            self.assertEqual(self.ask(host=host)[0].status, 200, host)

    def test_read_only(self):
        """nothing can be written, and nothing but the page's own data read"""
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            self.assertEqual(self.ask("/v1/status", method)[0].status, 405, method)
        self.assertEqual(self.ask("/v1/status", "GET", body=b"x")[0].status, 413)
        for path in ("/v1/objects", "/v1/flows", "/v1/endpoints", "/v1/settle", "/v1/explain", "/metrics"):
            for method in ("GET", "PUT", "POST"):
                self.assertEqual(self.ask(path, method)[0].status, 404, path)

    def test_status(self):
        """the data is the agent's"""
        self.lab.enforce(LIMITED)
        status = json.loads(self.ask("/v1/status")[1])
        self.assertEqual((status["node"], status["enforcing"], status["degraded"]), ("node-1", True, []))
        limits = json.loads(self.ask("/v1/limits")[1])["items"]
        self.assertEqual([(limit["policy"], limit["rate"]) for limit in limits], [("paced", 1000)])

    def test_log(self):
        """the log says where the page is, and nothing of danger on a loopback address"""
        log = self.lab.log_tail(1000)
        self.assertIn(f"the service map is at http://{ADDRESS}:{PORT}/", log)
        self.assertNotIn("without a password", log)


class Abroad(LabCase):
    settings = {"ui": "0.0.0.0:9965"}

    def test_warned(self):
        """at an address that others reach the page is served, with a warning"""
        self.assertIn("whoever reaches 0.0.0.0:9965 sees the service map, without a password", self.lab.log_tail(1000))


class Off(LabCase):
    def test_off(self):
        """without being asked for it isn't served"""
        with inside(self.lab.node), self.assertRaises(ConnectionRefusedError):
            http.client.HTTPConnection(ADDRESS, PORT, timeout=2).connect()


class PageCase(UiCase):
    pairs = PAIRS

    def setUp(self):
        super().setUp()
        where = inside(self.lab.node)
        where.__enter__()  # pylint: disable=unnecessary-dunder-call
        self.addCleanup(where.__exit__, None, None, None)
        self.browser = Browser(self.pairs)
        self.addCleanup(self.browser.close)

    def show(self, **looks):
        self.browser.looks(**looks)
        self.browser.driver.get(URL)
        return self.browser

    def until(self, script, what, seconds=12):
        return self.lab.until(lambda: self.browser.js(f"return {script}"), what, seconds)

    def until_measured(self):
        """Two readings have been shown: there are rates."""
        self.until("document.querySelector('#facts b')?.textContent.match(/[1-9]/) !== null && "
                   "document.querySelector('.line') !== null", "rates are shown")

    def column(self, number):
        return self.browser.js("return [...document.querySelectorAll('#pairs tbody tr')]"
                               f".map((row) => row.cells[{number}].textContent)")

    def focus(self):
        return self.browser.js("const e = document.activeElement; return e.textContent || e.tagName")


class Page(PageCase):
    def test_clean(self):
        """the page loads and goes on without a word on the console or against its own policy"""
        browser = self.show()
        self.until_measured()
        self.assertEqual(browser.complaints(), [])
        self.assertEqual(browser.js("return document.getElementById('state').textContent").split(",")[0], "enforcing")
        self.assertTrue(browser.js("return document.getElementById('trouble').hidden"))

    def test_edges(self):
        """every kind of line is there, told apart by dashes and marks, and as wide as much passes"""
        browser = self.show()
        self.until_measured()
        shown = browser.js("""return [...document.querySelectorAll('#map .line')].map((line) => {
            const style = getComputedStyle(line.querySelector('.edge'));
            return [line.querySelector('title').textContent, style.strokeDasharray,
                    Boolean(line.querySelector('.mark')), Number(line.querySelector('.edge').getAttribute('stroke-width'))];
        })""")
        about = {title: (dashes, mark, width) for title, dashes, mark, width in shown}
        kinds = {kind: about[title][:2] for kind, title in (
            ("allowed", "shop/frontend to shop/backend: allowed"), ("denied", "shop/intruder to shop/db: denied"),
            ("limited", "shop/backend to shop/db: limited"), ("audited", "ops/monitor to shop/backend: audited"))}
        self.assertEqual(len(set(kinds.values())), 4, kinds)
        self.assertEqual(kinds["allowed"], ("none", False))
        self.assertTrue(kinds["denied"][1])
        self.assertGreater(about["world to shop/frontend: allowed"][2], about["shop/frontend to world: allowed"][2])
        self.assertEqual(browser.js("return [...document.querySelectorAll('.namespace text')].map((t) => t.textContent)"),
                         ["ops", "shop"])

    def test_sort(self):
        """the table is sorted by its headings with the keyboard, and says so"""
        browser = self.show()
        self.until_measured()
        browser.js("document.querySelectorAll('#pairs th button')[0].focus()")
        browser.press(Keys.ENTER)
        self.assertEqual(self.column(0), sorted(p["source"] for p in PAIRS))
        browser.press(Keys.SPACE)
        self.assertEqual(self.column(0), sorted((p["source"] for p in PAIRS), reverse=True))
        browser.js("document.querySelectorAll('#pairs th button')[5].focus()")
        browser.press(Keys.ENTER)
        self.assertEqual(self.column(0)[0], "shop/intruder")
        self.assertEqual(browser.js("return [...document.querySelectorAll('#pairs th')].map((h) => h.ariaSort)"),
                         [None] * 5 + ["descending", None])

    def test_rows(self):
        """arrow keys walk through the rows, Enter picks, and the next reading leaves the focus where it is"""
        browser = self.show()
        self.until_measured()
        browser.js("document.querySelector('#pairs tbody tr[tabindex=\"0\"]').focus()")
        first = self.focus()
        browser.press(Keys.ARROW_DOWN)
        second = self.focus()
        self.assertNotEqual(first, second)
        browser.press(Keys.ENTER)
        about = browser.js("return document.getElementById('about').textContent")
        self.assertIn(": ", about)
        self.assertGreater(browser.js("return document.querySelectorAll('.line.aside').length"), 0)
        name = browser.js("return document.activeElement.weirKey")
        readings = browser.js("return model.uptime")
        self.until(f"model.uptime > {readings} + 3", "two more readings")
        self.assertEqual(browser.js("return document.activeElement.weirKey"), name)

    def test_map_keys(self):
        """arrow keys go from service to service, Enter picks one, Escape none"""
        browser = self.show()
        self.until_measured()
        label = "return document.activeElement.getAttribute('aria-label')"
        browser.js("document.querySelector('.service[tabindex=\"0\"]').focus()")
        self.assertEqual(browser.js("return document.querySelectorAll('.service[tabindex=\"0\"]').length"), 1)
        before = browser.js(label)
        for key in (Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.ARROW_DOWN, Keys.ARROW_UP, Keys.ARROW_RIGHT):
            browser.press(key)
        self.assertNotEqual(browser.js(label), before)
        self.assertIn("packets/s", browser.js(label))
        browser.press(Keys.ENTER)
        self.assertEqual(browser.js("return document.activeElement.getAttribute('aria-pressed')"), "true")
        browser.press(Keys.ESCAPE)
        self.assertEqual(browser.js("return document.activeElement.getAttribute('aria-pressed')"), "false")

    def test_filter(self):
        """a filter leaves the pairs with its text in a name, on the map too"""
        browser = self.show()
        self.until_measured()
        browser.js("document.getElementById('filter').focus()")
        browser.press("DB")
        self.assertEqual(set(self.column(1)), {"shop/db"})
        self.assertEqual(browser.js("return document.querySelectorAll('.service').length"), 3)

    def test_limits(self):
        """limits of the policy in force are shown"""
        self.lab.enforce(LIMITED)
        self.show()
        self.until("document.querySelector('#limits tbody').textContent.includes('shop/paced')", "the limit is shown")
        self.assertIn("1.0k packets/s", self.browser.js("return document.querySelector('#limits tbody').textContent"))

    def test_looks(self):
        """light and dark, wide and narrow: nothing sticks out, and all text can be read"""
        for width, height, scheme in ((1280, 800, "light"), (1280, 800, "dark"), (420, 900, "light")):
            browser = self.show(width=width, height=height, scheme=scheme)
            self.until_measured()
            browser.picture(f"ui-{width}-{scheme}")
            self.assertLessEqual(browser.js("return document.documentElement.scrollWidth"), width)
            self.assertEqual(browser.js(CONTRASTS), [], f"{width} {scheme}")


class Live(PageCase):
    pairs = None  # the agent's own

    def test_traffic(self):
        """what pods send and what is denied to them appears as lines, while it happens"""
        self.lab.enforce(ALLOW_FRONTEND)
        browser = self.show()
        self.until("model.uptime > 0", "a first answer")
        send = self.some_pass_some_do_not()

        def is_drawn():
            send()
            titles = browser.js("return [...document.querySelectorAll('.line:not(.idle) title')].map((t) => t.textContent)")
            return {"shop/frontend to shop/backend: allowed", "shop/intruder to shop/backend: denied"} <= set(titles)
        self.lab.until(is_drawn, "both lines are there and not idle", 15)
        self.assertEqual(browser.complaints(), [])


class Hostile(PageCase):
    pairs = [pair(name, HOSTILE[(i + 1) % len(HOSTILE)], packets=10 + i, denied=1) for i, name in enumerate(HOSTILE)]

    def test_names(self):
        """names that are markup are shown as text"""
        browser = self.show()
        self.until_measured()
        self.assertEqual(sorted(self.column(0)), sorted(HOSTILE))
        browser.js("document.querySelector('#pairs tbody tr').click()")
        self.assertIsNone(browser.js("return window.hacked ?? null"))
        self.assertEqual(browser.complaints(), [])
        self.assertEqual(browser.js("return document.querySelectorAll('img, td *, #about *, #map script').length"), 0)


class Many(PageCase):
    pairs = [pair(f"ns{i % 7}/service-{i % 60}", f"ns{i % 5}/store-{i % 83}", packets=i) for i in range(1, 701)]

    def test_bounded(self):
        """of very many pairs the 500 with most traffic are shown, and the rest is counted"""
        browser = self.show()
        self.until_measured()
        browser.picture("ui-many")
        self.assertEqual(len(self.column(0)), 500)
        self.assertEqual(browser.js("return document.getElementById('count').textContent"), "500 of 700")
        self.assertEqual(browser.complaints(), [])


class Gone(PageCase):
    def test_gone(self):
        """an agent that doesn't answer is said, and what was last known stays"""
        browser = self.show()
        self.until_measured()
        browser.js("window.fakePairs.items = null")
        self.lab.end_agent()
        self.until("!document.getElementById('trouble').hidden", "the trouble is said")
        self.assertIn("does not answer", browser.js("return document.getElementById('trouble').textContent"))
        self.assertEqual(len(self.column(0)), len(PAIRS))
        self.lab.start_agent()


# Text whose contrast with what is behind it is less than WCAG's 4.5 to 1.
CONTRASTS = """
const parse = (color) => color.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (e) => {
    for (; e; e = e.parentElement) {
        const color = parse(getComputedStyle(e).backgroundColor);
        if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
};
const poor = [];
for (const e of document.querySelectorAll('h1, h2, p, li, td, th button, .bar button, label, input')) {
    if (!e.textContent.trim() || e.offsetParent === null) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${e.tagName} ${e.textContent} ${ratio.toFixed(2)}`);
}
return poor;
"""


if __name__ == "__main__":
    main()
