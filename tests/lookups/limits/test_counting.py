"""What is counted in Redis: moving windows, whose they are, and what a visitor is called there."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from django.test import RequestFactory

from lookups import stream
from lookups.limits import addresses, counting
from lookups.limits.addresses import network_key, network_of
from lookups.limits.counting import Ask, count, seconds_to_wait


def ask(whose="a", rates="3/minute;5/hour", cost=1, name="lookups"):
    return count(Ask(name, rates, whose, cost))


def is_in(states):
    return not seconds_to_wait(states)


def test_a_burst_ends_where_the_window_is_full():
    assert [is_in(ask()) for _ in range(5)] == [True, True, True, False, False]
    states = ask()
    assert [state.refused for state in states] == [True, True]
    assert 58 <= seconds_to_wait(states) <= 60
    assert is_in(ask("b"))


def test_what_was_refused_costs_nothing_elsewhere():
    for _ in range(9):
        ask()
    minute, hour = ask()
    assert (minute.left, hour.left) == (0, 2)


def test_it_goes_on_when_the_first_has_left_the_window():
    assert [is_in(ask(rates="2/second")) for _ in range(3)] == [True, True, False]
    time.sleep(1.05)
    assert is_in(ask(rates="2/second"))


def test_costs_and_a_cost_beyond_the_whole():
    assert is_in(ask(cost=2)) and not is_in(ask(cost=2)) and is_in(ask(cost=1))
    assert is_in(ask("b", cost=100)) and not is_in(ask("b"))


def test_several_limits_in_one_question():
    states = count(Ask("x", "1/minute", "a"), Ask("y", "2/minute", "a"))
    assert [state.name for state in states] == ["x", "y"] and is_in(states)
    refused = count(Ask("x", "1/minute", "a"), Ask("y", "2/minute", "a"))
    assert [(state.refused, state.left) for state in refused] == [(True, 0), (False, 0)]


@pytest.mark.parametrize("rates", ["", "off", " OFF "])
def test_no_limit(rates):
    assert ask(rates=rates) == [] and stream.client().keys("*") == []


def test_many_at_once_are_counted_one_by_one():
    with ThreadPoolExecutor(8) as threads:
        let_in = list(threads.map(lambda _: is_in(ask(rates="20/minute")), range(60)))
    assert sum(let_in) == 20


def test_without_redis_nobody_is_refused(monkeypatch):
    def away(**arguments):
        raise redis.ConnectionError

    monkeypatch.setattr(counting, "_script", lambda: away)
    assert all(is_in(ask(rates="1/hour")) for _ in range(3))


@pytest.mark.parametrize(
    "address, network",
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::6]:4711", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_networks(address, network):
    assert network_of(address) == network


def test_no_address_stands_in_redis(monkeypatch):
    monkeypatch.setattr(addresses, "_known", {})
    request = RequestFactory(REMOTE_ADDR="198.51.100.77").get("/")
    key = network_key(request)
    ask(key)
    assert "198.51.100.77" not in "".join(stream.client().keys("*")) and key == network_key(request)
    # Another day's salt makes another name of the same address.
    monkeypatch.setattr(addresses, "_known", {})
    stream.client().flushall()
    assert network_key(request) != key
