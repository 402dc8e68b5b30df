"""Which addresses a webhook may have."""

import pytest

from controller.profiles.webhook import host_of, why_not_called

REFUSED = {
    "": "of the form https://HOST/PATH",
    "hooks.example.org/x": "of the form https://HOST/PATH",
    "https:///x": "of the form https://HOST/PATH",
    "ftp://hooks.example.org/x": "of the form https://HOST/PATH",
    "file:///etc/passwd": "of the form https://HOST/PATH",
    "http://hooks.example.org/x": "it is not encrypted",
    "http://169.254.169.254/computeMetadata/v1/": "it is not encrypted",
    "http://localhost.example.org/": "it is not encrypted",
    "http://127.0.0.1.example.org/": "it is not encrypted",
    "https://ada:secret@hooks.example.org/x": "user name or password",
    "https://token@hooks.example.org/x": "user name or password",
    "https://hooks.example.org:99999/x": "no address",
    "https://[::1/x": "no address",
    "https://hooks.example.org/a b": "it has blanks",
    "https://hooks.example.org/\r\nHost: x": "it has blanks",
    "https://hookß.example.org/": "letters that are not ASCII",
    "https://hooks.example.org/" + "x" * 2000: "more than 2,000 characters",
}


@pytest.mark.parametrize("url", REFUSED)
def test_addresses_that_are_refused_anywhere(url: str) -> None:
    assert REFUSED[url] in why_not_called(url)


@pytest.mark.parametrize(
    "url", ["https://hooks.example.org/x?y=z", "http://127.0.0.1:8080/x", "http://localhost/x", "http://[::1]:80/"]
)
def test_addresses_that_a_person_may_give(url: str) -> None:
    assert why_not_called(url) == ""


@pytest.mark.parametrize(
    ("url", "hosts", "called"),
    [
        ("https://hooks.example.org/x", (), False),
        ("https://hooks.example.org/x", ("hooks.example.org",), True),
        ("https://HOOKS.example.org/x", ("hooks.example.org",), True),
        ("https://hooks.example.org:443/x", ("hooks.example.org",), True),
        ("https://hooks.example.org:8443/x", ("hooks.example.org",), False),
        ("https://hooks.example.org:8443/x", ("hooks.example.org:8443",), True),
        ("https://hooks.example.org/x", ("example.org",), False),
        ("https://hooks.example.org.evil.org/x", ("hooks.example.org",), False),
        ("https://evil.org/hooks.example.org", ("hooks.example.org",), False),
        ("http://127.0.0.1/x", ("127.0.0.1",), True),
        ("http://127.0.0.1:443/x", ("127.0.0.1",), False),
    ],
)
def test_a_tracker_calls_only_the_hosts_of_its_profile(url: str, hosts: tuple[str, ...], called: bool) -> None:
    assert (why_not_called(url, hosts) == "") == called


def test_only_the_host_is_shown() -> None:
    assert host_of("https://hooks.example.org:8443/services/T0/B0/s3cret") == "hooks.example.org:8443"
    assert host_of("https://ada:s3cret@hooks.example.org/x") == "hooks.example.org"
    assert host_of("https://[::1/x") == ""
