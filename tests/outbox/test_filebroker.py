import threading
from queue import Empty

import pytest
from kombu import Connection, Queue
from kombu.transport import TRANSPORT_ALIASES

from outbox import filebroker

TRANSPORT_ALIASES["tests-files"] = "outbox.filebroker:Transport"


@pytest.fixture
def connect(tmp_path):
    folder = tmp_path / "broker"
    filebroker.clear(folder)
    options = {"data_folder_in": str(folder), "data_folder_out": str(folder), "control_folder": str(folder)}
    opened = []

    def queue(name="bulk"):
        connection = Connection("tests-files://", transport_options=options)
        opened.append(connection)
        return connection.SimpleQueue(Queue(name, routing_key=name))

    queue.folder = folder
    yield queue
    for connection in opened:
        connection.release()


def test_messages_come_out_in_the_order_they_went_in(connect):
    queue = connect()
    for number in range(20):
        queue.put({"n": number})

    assert [connect().get_nowait().payload["n"] for _ in range(20)] == list(range(20))
    with pytest.raises(Empty):
        queue.get_nowait()


def test_queues_do_not_read_each_other(connect):
    connect("page").put({"n": 1})

    with pytest.raises(Empty):
        connect("bulk").get_nowait()
    assert connect("page").get_nowait().payload == {"n": 1}


def test_a_half_written_message_is_not_seen(connect):
    queue = connect()
    (connect.folder / "00000000000000000001_x.bulk.msg.part").write_bytes(b"")

    with pytest.raises(Empty):
        queue.get_nowait()


def test_a_message_cut_short_by_a_full_disk_is_passed_over(connect):
    queue = connect()
    (connect.folder / "00000000000000000001_x.bulk.msg").write_bytes(b"")
    queue.put({"n": 1})

    assert queue.get_nowait().payload == {"n": 1}
    assert not list(connect.folder.iterdir())


def test_each_message_reaches_one_reader(connect):
    writer = connect()
    for number in range(200):
        writer.put({"n": number})
    read: list[int] = []

    def reader():
        queue = connect()
        while True:
            try:
                read.append(queue.get_nowait().payload["n"])
            except Empty:
                return

    readers = [threading.Thread(target=reader) for _ in range(4)]
    for thread in readers:
        thread.start()
    for thread in readers:
        thread.join()

    assert sorted(read) == list(range(200))


def test_old_rings_are_thrown_away_at_the_start(connect):
    connect().put({"n": 1})

    filebroker.clear(connect.folder)

    assert not list(connect.folder.iterdir())
