"""Where a webhook may lead: nowhere inside the network, unless the settings say so."""

import pytest
from pytest_django import Settings

from trials.alerts.targets import RefusedTarget, UnknownHost, read, resolve, shown


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/hook",
        "http://localhost:8000/",
        "http://10.0.0.5/",
        "http://192.168.1.1/",
        "http://172.16.3.4/",
        "http://169.254.169.254/latest/meta-data",
        "http://0.0.0.0/",
        "http://[::1]/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://224.0.0.1/",
        "http://100.64.0.1/",
    ],
)
def test_an_address_of_a_private_network_is_refused(url: str) -> None:
    with pytest.raises(RefusedTarget, match="private network"):
        resolve(url)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://example.org/", "begins with https"),
        ("file:///etc/passwd", "begins with https"),
        ("javascript:alert(1)", "begins with https"),
        ("https:///path", "names a host"),
        ("https://user:password@example.org/", "leave user and password out"),
        ("https://example.org:port/", "cannot be read"),
        ("https://[::1/", "cannot be read"),
        ("https://example.org/a b", "without spaces"),
        ("https://example.org/\n", "without spaces"),
        ("https://example.org/" + "a" * 1000, "at most 1000 characters"),
    ],
)
def test_what_is_no_address_of_a_webhook_is_refused_with_the_remedy(url: str, problem: str) -> None:
    with pytest.raises(RefusedTarget, match=problem):
        read(url)


def test_a_public_address_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("93.184.216.34", 443))])

    target = resolve("https://hooks.example.org/services/T0/KEY")

    assert target.url == "https://93.184.216.34/services/T0/KEY"
    assert (target.host, target.host_header) == ("hooks.example.org", "hooks.example.org")


def test_a_name_with_one_private_address_among_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", ("93.184.216.34", 80)), (2, 1, 6, "", ("10.0.0.1", 80))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)

    with pytest.raises(RefusedTarget, match=r"10\.0\.0\.1"):
        resolve("http://rebound.example.org/")


def test_a_private_address_is_allowed_where_the_settings_say_so(settings: Settings) -> None:
    settings.ALERTS_MAY_REACH_PRIVATE = True

    assert resolve("http://127.0.0.1:9000/hook").url == "http://127.0.0.1:9000/hook"
    assert resolve("http://[::1]:9000/hook").url == "http://[::1]:9000/hook"


def test_a_host_without_an_address_is_told_apart_for_it_may_be_up_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise OSError("no such host")

    monkeypatch.setattr("socket.getaddrinfo", unknown)

    with pytest.raises(UnknownHost):
        resolve("https://nowhere.example/")


def test_a_webhook_is_shown_by_its_host_alone() -> None:
    assert shown("webhook", "https://hooks.example.org:8443/services/T0/KEY?x=1") == "https://hooks.example.org:8443/…"
    assert shown("email", "team@example.org") == "team@example.org"
