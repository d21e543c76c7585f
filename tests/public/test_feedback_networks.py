"""A single network cannot close the feedback form for everybody, and nobody can find out who wrote."""

import itertools

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.public.feedback_store import MOST_A_NETWORK, MOST_AN_HOUR, FeedbackStore, Senders
from sidedoor.web.edge import IN_A_ROW
from tests.conftest import SetClock

_number = itertools.count()


def send(client: FlaskClient, address: str) -> int:
    """Send a new message from `address`; returns the status."""
    message = {"message": f"Message {next(_number)}"}
    return client.post("/feedback", data=message, environ_overrides={"REMOTE_ADDR": address}).status_code


def test_a_network_cannot_use_up_the_hours_messages(app: Flask, client: FlaskClient, clock: SetClock) -> None:
    statuses = [send(client, "203.0.113.9") for _ in range(MOST_AN_HOUR + 5)]
    assert statuses == [303] * MOST_A_NETWORK + [429] * (MOST_AN_HOUR + 5 - MOST_A_NETWORK)
    assert send(client, "198.51.100.7") == 303
    refused = client.post("/feedback", data={"message": "Keep me"}, environ_overrides={"REMOTE_ADDR": "203.0.113.9"})
    assert "Keep me</textarea>" in refused.text
    assert "Many messages came from your network" in refused.text
    clock.forward(hours=1)
    assert send(client, "203.0.113.9") == 303
    assert len(FeedbackStore(app.config["DATA"]).all()) == MOST_A_NETWORK + 2


def test_ipv6_addresses_of_one_household_count_as_one_network(client: FlaskClient) -> None:
    statuses = [send(client, f"2001:db8:1:2::{number:x}") for number in range(1, MOST_A_NETWORK + 3)]
    assert statuses[-2:] == [429, 429]
    assert send(client, "2001:db8:1:3::1") == 303


def test_a_message_that_is_refused_does_not_count(client: FlaskClient) -> None:
    for _ in range(MOST_A_NETWORK * 2):
        client.post("/feedback", data={"message": " "}, environ_overrides={"REMOTE_ADDR": "203.0.113.9"})
    assert send(client, "203.0.113.9") == 303


def test_no_address_is_kept_in_memory_and_counts_end_with_the_hour(clock: SetClock) -> None:
    senders = Senders()
    senders.count("203.0.113.9", clock())
    before = dict(vars(senders))
    assert "203.0.113" not in repr(before)
    clock.forward(hours=1)
    senders.count("198.51.100.7", clock())
    after = vars(senders)
    assert before["_key"] != after["_key"]
    assert not set(before["_counts"]) & set(after["_counts"])


def test_an_edge_in_front_of_everybody_does_not_count_as_a_reader(app: Flask, client: FlaskClient) -> None:
    def send_through_an_edge(number: int) -> int:
        forwarded = {"X-Forwarded-For": f"198.51.100.{number}"}  # a proxy that SIDEDOOR_PROXIES does not count
        message = {"message": f"Message {next(_number)}"}
        edge = {"REMOTE_ADDR": "203.0.113.9"}
        return client.post("/feedback", data=message, headers=forwarded, environ_overrides=edge).status_code

    assert [send_through_an_edge(number) for number in range(MOST_A_NETWORK + 1)][-1] == 429
    for number in range(IN_A_ROW):
        client.get("/", headers={"X-Forwarded-For": f"198.51.100.{number}"})
    assert send_through_an_edge(250) == 303
    assert send(client, "203.0.113.9") == 429, "a request without the edge shows that it is not in front of everybody"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "", "nonsense"])
def test_behind_a_proxy_that_hides_addresses_no_reader_is_refused_because_of_another(
    client: FlaskClient, address: str
) -> None:
    assert [send(client, address) for _ in range(MOST_A_NETWORK + 2)][-1] == 303
