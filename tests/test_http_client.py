"""Requests to http servers: redirects, authentication, and the reasons of failures."""

import gzip
import io
import urllib.request
from http.client import HTTPMessage

import pytest

from darknet_torch.http_client import TransferError, _WebRedirects, chunks, open_url
from tests.downloads.server import good, redirect, silent, stalling, status

LOGIN = "ann:p%40ss"
BASIC = "Basic YW5uOnBAc3M="  # ann:p@ss


def read(url, timeout=10):
    with open_url(url, timeout=timeout) as response:
        return b"".join(chunks(response, timeout))


def reason(url, timeout=10):
    with pytest.raises(TransferError) as caught:
        read(url, timeout)
    return str(caught.value), caught.value.status


def test_the_file_is_read(server):
    assert read(f"{server.mirrors(a=[good])}x") == server.data


def test_a_redirect_is_followed_to_http_alone(server):
    base = server.mirrors(b=[good])
    moved = server.mirrors(a=[redirect(f"{base}x"), redirect("ftp://127.0.0.1/x")])
    url = f"{moved.split()[-1]}x"
    assert read(url) == server.data
    text, _ = reason(url)
    assert text == "a redirect to ftp://127.0.0.1/x, which is not an http or https URL"


def test_a_redirect_never_leads_from_https_to_http():
    """A test server has no certificate that anyone trusts, so the redirect itself is asked."""
    asked = urllib.request.Request("https://a/x"), io.BytesIO(), 302, "Found", HTTPMessage()
    assert _WebRedirects().redirect_request(*asked, "https://b/x").full_url == "https://b/x"
    with pytest.raises(TransferError, match=r"^a redirect from https to http://b/x, which is not"):
        _WebRedirects().redirect_request(*asked, "http://b/x")


def test_the_content_of_a_redirect_is_not_read(server):
    """It may be endless."""
    target = f"{server.mirrors(b=[good])}x"

    def endless(answer):
        answer.head(302, Location=target)
        while not answer.server.released.wait(0.001):
            answer.wfile.write(bytes(1 << 16))

    assert read(f"{server.mirrors(a=[endless]).split()[-1]}x", 5) == server.data


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"])
def test_lines_that_drip_for_ever_end_the_transfer(server, start):
    """Those of the head, and those between chunks of data."""

    def drip(answer):
        answer.wfile.write(start)
        while not answer.server.released.wait(0.01):
            answer.wfile.write(b"0")

    text, _ = reason(f"{server.mirrors(a=[drip])}x", 0.15)
    assert text == ("no data for 0.15 s" if start else "no answer within 0.15 s")


def test_compressed_data_is_not_unpacked(server):
    """So a small answer stays small."""
    packed = gzip.compress(bytes(1 << 20))

    def send(answer):
        answer.head(Content_Encoding="gzip", Content_Length=len(packed))
        answer.body(packed)

    assert read(f"{server.mirrors(a=[send])}x") == packed


def test_a_circular_redirect_is_reported_in_one_line(server):
    url = f"{server.mirrors(a=[good])}x"
    server.places["a"] = [redirect(url)]
    text, code = reason(url)
    assert "\n" not in text
    assert code == 302


def test_what_a_server_says_at_length_becomes_a_short_line(server):
    def talk(answer):
        answer.wfile.write(b"HTTP/1.1 404 \v not\x85found " + b"x" * 9999 + b"\r\n\r\n")

    text, _ = reason(f"{server.mirrors(a=[talk])}x")
    assert text == f"404 not found {'x' * 186}..."


def test_a_status_is_reported(server):
    assert reason(f"{server.mirrors(a=[status(404)])}x") == ("404 Not Found", 404)


def test_a_server_that_does_not_answer_is_reported(server):
    text, code = reason(f"{server.mirrors(a=[silent])}x", 0.1)
    assert (text, code) == ("no answer within 0.1 s", None)


def test_a_transfer_that_stalls_ends(server):
    text, _ = reason(f"{server.mirrors(a=[stalling])}x", 0.1)
    assert text.startswith("no data for 0.1 s")


@pytest.mark.parametrize(
    "url", ["ftp://host/a", "file:///etc/hostname", "/etc/hostname", "http://", "http://h:port/"]
)
def test_what_is_no_web_url_is_reported(url):
    text, code = reason(url)
    assert text.startswith(("not an http or https URL", "cannot be reached ("))
    assert code is None


def test_a_login_is_sent_to_the_named_server_alone(server):
    seen = []

    def record(answer):
        seen.append((answer.path, answer.headers["Authorization"], answer.headers["Host"]))
        (good if answer.path.startswith("/b/") else redirect(f"{other}x"))(answer)

    other = server.mirrors(b=[record])
    url = server.mirrors(a=[record]).split()[-1].replace("://", f"://{LOGIN}@")
    assert read(f"{url}x") == server.data
    host = f"127.0.0.1:{server.server_port}"
    assert seen == [("/a/x", BASIC, host), ("/b/x", None, host)]


def test_spaces_and_letters_beyond_ascii_may_stand_in_a_path(server):
    seen = []

    def record(answer):
        seen.append(answer.path)
        good(answer)

    url = server.mirrors(a=[record])
    assert read(f"{url}große Hunde%20.jpg?q=ä b&w=1#part") == server.data
    assert seen == ["/a/gro%C3%9Fe%20Hunde%20.jpg?q=%C3%A4%20b&w=1"]
