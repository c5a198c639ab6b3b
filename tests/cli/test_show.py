"""``motfunnel serve``: it prints an address that opens, ends in peace, and says what is amiss."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import HTTPCookieProcessor, build_opener

from motfunnel import Funnel, Tracker


def test_serve(tmp_path: Path) -> None:
    """From the command line to a page, and to the end of it; a port that is taken is named."""
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    with Tracker(url, Funnel.ecommerce(), spool=False) as tracker:
        tracker.track("ada", "Order Completed")
    command = [sys.executable, "-m", "motfunnel", "serve", "--db", url, "--port"]
    with subprocess.Popen([*command, "0"], stdout=subprocess.PIPE, text=True) as served:
        try:
            assert served.stdout is not None
            word, address = served.stdout.readline().split()
            assert word == "open"
            browser = build_opener(HTTPCookieProcessor())
            assert b"<h1>Overview</h1>" in browser.open(address, timeout=30).read()
            served.send_signal(signal.SIGINT)
            assert served.wait(30) == 0
        finally:
            served.kill()  # or a failure would wait for it
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run([*command, port], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith(f"motfunnel: port: {port} cannot be had: ")
