"""The broker's address: what it tells clients, and what it says when there is no broker."""

from __future__ import annotations

from typing import Any

import aiokafka
import pytest
from kafka import KafkaProducer

from models.errors import BrokerUnavailable, ConfigurationError
from streams import embedded_broker as embedded
from streams.broker import BrokerAddress, kafka_address, open_broker
from streams.fetch_wait import shorten_fetch_wait
from tests.services.ports import accepts_connections, free_ports


def test_an_address_where_nobody_listens_is_named_with_the_reason() -> None:
    nobody = f"127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(BrokerUnavailable, match=f"{nobody}: Connection refused"), open_broker(nobody):
        pass


@pytest.mark.kafka
def test_one_server_of_the_list_that_answers_is_enough(kafka_bootstrap: str) -> None:
    nobody = f"127.0.0.1:{free_ports(1)[0]}"
    address = kafka_address(f"{kafka_bootstrap}, {nobody}")
    assert address.bootstrap == f"{kafka_bootstrap},{nobody}"
    assert address.faust_url == f"batch+kafka://{kafka_bootstrap};batch+kafka://{nobody}"
    assert address.kafka_arguments == {"bootstrap_servers": [kafka_bootstrap, nobody]}
    assert len(address.log_id) == 22  # Kafka's cluster ids: 16 bytes in base64


def test_only_the_embedded_broker_asks_clients_for_an_old_protocol_and_short_waits(
    embedded_broker: BrokerAddress,
) -> None:
    assert embedded_broker.kafka_arguments == {
        "bootstrap_servers": [embedded_broker.bootstrap],
        "api_version": (2, 3),
    }
    assert embedded_broker.consumer_arguments["fetch_max_wait_ms"] == embedded.READ_WAIT_MS


def test_the_embedded_broker_stops_listening_when_it_is_closed_even_twice() -> None:
    with embedded.running_embedded_broker() as broker:
        assert accepts_connections(broker.bootstrap)
        broker.close()
    assert not accepts_connections(broker.bootstrap)


def test_a_topic_that_a_client_made_by_asking_for_it_is_refused_when_its_partitions_are_unknown(
    embedded_broker: BrokerAddress,
) -> None:
    producer = KafkaProducer(**embedded_broker.kafka_arguments)
    assert producer.partitions_for("too-early") == {0, 1, 2, 3}
    producer.close()
    with pytest.raises(ConfigurationError, match="too-early: has an unknown number of partitions, not 3"):
        embedded_broker.create_topics({"too-early": 3})


def test_a_librdkafka_without_the_functions_we_need_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(embedded._SIGNATURES, "rd_kafka_mock_gone", (None, []))
    with (
        pytest.raises(
            ConfigurationError, match=r"has no rd_kafka_mock_gone \(.*requirements\.lock.*CITYBRAIN_BROKER"
        ),
        open_broker("embedded"),
    ):
        pass


async def test_the_short_wait_holds_for_the_embedded_address_and_for_no_other() -> None:
    shorten_fetch_wait("127.0.0.1:19091", 70)

    async def wait_ms(servers: str | list[str]) -> Any:
        consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=servers, fetch_max_wait_ms=1500)
        await consumer.stop()
        return consumer._fetch_max_wait_ms

    assert await wait_ms(["127.0.0.1:19091"]) == 70
    assert await wait_ms("127.0.0.1:19091") == 70
    assert await wait_ms(["127.0.0.1:19092"]) == 1500
