"""Draws every page with its sample data and takes pictures of it in Chromium, for maintainers.

python -m tools.gallery OUT [NAME …] writes OUT/NAME-{light,dark,phone}.png and prints what the
browser objected to.
"""

import http.server
import json
import mimetypes
import runpy
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "web/static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def environment() -> Environment:
    """Return a bare Jinja environment with the globals the templates ask for."""
    jinja = Environment(
        loader=FileSystemLoader(ROOT / "web/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    jinja.install_gettext_callables(
        lambda text: text, lambda one, many, n: one if n == 1 else many, newstyle=True
    )
    jinja.globals.update(asset=lambda path: f"/static/{path}", csrf_token=lambda: "token")
    jinja.filters["markdown"] = lambda text: Markup("<p>{}</p>").format(text)
    return jinja


def sample_pdf() -> bytes:
    """Return a page of a document, set by Typst."""
    import typst

    text = (ROOT / "tools/gallery.typ").read_bytes()
    return typst.compile(text)


class _Handler(http.server.BaseHTTPRequestHandler):
    pages: dict[str, bytes]

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            body = file.read_bytes() if file.is_file() else b""
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        else:
            body = self.pages.get(path, b"")
            kind = {"pdf": "application/pdf", "bpmn": "application/xml"}.get(
                path.rpartition(".")[2], "text/html; charset=utf-8"
            )
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", POLICY)
        if path.startswith("/static/"):
            self.send_header("Cache-Control", "max-age=3600")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = self.pages["/lint.json"]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_POST  # noqa: N815 (the name http.server asks for)


def serve(pages: dict[str, bytes]) -> http.server.ThreadingHTTPServer:
    """Serve the pages and web/static under the strict policy on a free port."""
    handler = type("Handler", (_Handler,), {"pages": pages})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def drawn() -> dict[str, bytes]:
    """Return every sample page by its address, with what the pages ask for."""
    samples = runpy.run_path(str(ROOT / "tests/web/page_samples.py"))
    jinja = environment()
    pages = {
        f"/{name}": jinja.get_template(template).render(context).encode()
        for name, (template, context) in samples["pages"]().items()
    }
    html = jinja.get_template("_findings.html").render(samples["pages"]()["designer"][1])
    findings = [{**one, "vi": one["text"], "en": one["text"]} for one in samples["FINDINGS"]]
    said = "Đã lưu lúc 10 giờ 21"
    answer = {"etag": "abd", "saved_text": said, "findings_html": html, "findings": findings}
    pages["/lint.json"] = json.dumps(answer).encode()
    pages["/files/sample.pdf"] = sample_pdf()
    pages["/sample.bpmn"] = samples["SAMPLE"]
    return pages


def picture(context: "BrowserContext", address: str, look: str, out: Path) -> None:
    """Open one page, print what the browser objects to, take its picture."""
    name = address.rpartition("/")[2]
    tab = context.new_page()

    def object_to(kind: str, text: str) -> None:
        if kind != "log":
            print(name, look, kind, text[:200])

    tab.on("console", lambda message: object_to(message.type, message.text))
    tab.on("pageerror", lambda error: object_to("threw", str(error)))
    tab.goto(address)
    if look == "dark":
        tab.evaluate("document.documentElement.removeAttribute('data-theme')")
    tab.wait_for_load_state("networkidle")
    tab.wait_for_timeout(700)
    tab.screenshot(path=str(out / f"{name}-{look}.png"), full_page=look == "phone")
    if name == "register" and look == "light":
        tab.pdf(path=str(out / "register.pdf"), prefer_css_page_size=True)
    if tab.evaluate("document.documentElement.scrollWidth > innerWidth"):
        print(name, look, "scrolls sideways")
    tab.close()


def main(out: Path, names: list[str]) -> None:
    """Take the pictures."""
    from playwright.sync_api import sync_playwright

    pages = drawn()
    server = serve(pages)
    base = f"http://127.0.0.1:{server.server_address[1]}"
    out.mkdir(parents=True, exist_ok=True)
    wanted = [p for p in pages if "." not in p and (not names or p.strip("/") in names)]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for look, width, height in (("light", 1440, 900), ("dark", 1440, 900), ("phone", 390, 844)):
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if look == "dark" else "light",
                locale="vi",
            )
            for path in wanted:
                picture(context, base + path, look, out)
            context.close()
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
