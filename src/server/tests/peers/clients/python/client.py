"""Driver of PyPI python-socketio. The lines are described in ../../driver.mjs."""

import base64
import json
import os
import sys
import threading

import engineio
import socketio

WRITING = threading.Lock()
SOCKETS = {}


class Transport(engineio.Client):
    """The library starts a thread for each packet; only one after the other tells in which order they came."""

    def _trigger_event(self, event, *args, **options):
        return super()._trigger_event(event, *args, **{**options, "run_async": False})


class Client(socketio.Client):
    """The same above it."""

    def _engineio_client_class(self):
        return Transport


def pack(value):
    """Bytes as they travel on the lines."""
    if isinstance(value, (bytes, bytearray)):
        return {"$binary": base64.b64encode(value).decode()}
    if isinstance(value, (list, tuple)):
        return [pack(one) for one in value]
    if isinstance(value, dict):
        return {name: pack(one) for name, one in value.items()}
    return value


def unpack(value):
    """The same back."""
    if isinstance(value, list):
        return [unpack(one) for one in value]
    if isinstance(value, dict):
        if "$binary" in value:
            return base64.b64decode(value["$binary"])
        return {name: unpack(one) for name, one in value.items()}
    return value


def say(name, **said):
    with WRITING:
        sys.stdout.write(json.dumps({"socket": name, **said}) + "\n")
        sys.stdout.flush()


def connect(client, name, command):
    try:
        client.connect(command["url"], auth=command["auth"], transports=command["transports"], wait_timeout=15)
    except socketio.exceptions.ConnectionError:
        pass  # connect_error has said why


def connected(client, name, command):
    say(name, **{"is": "connect"})
    # It begins with the first transport of the list, and goes over before it says that it has connected.
    if command["transports"][0] == "polling" and client.transport() != "polling":
        say(name, **{"is": "upgrade", "transport": client.transport()})


def open_socket(command):
    name = command["socket"]
    client = Client(reconnection_delay=0.05, reconnection_delay_max=0.25, handle_sigint=False)
    SOCKETS[name] = client
    client.on("connect", lambda: connected(client, name, command))
    client.on("disconnect", lambda reason=None: say(name, **{"is": "disconnect", "reason": reason}))
    client.on("connect_error", lambda data=None: say(name, **{"is": "connect_error", "data": pack(data)}))
    client.on("*", lambda event, *args: say(name, **{"is": "event", "event": event, "args": pack(args)}))
    threading.Thread(target=connect, args=(client, name, command), daemon=True).start()


def emit(command):
    name, number = command["socket"], command.get("id")
    back = None
    if number is not None:
        def back(*args):
            say(name, **{"is": "ack", "id": number, "args": pack(args)})
    SOCKETS[name].emit(command["event"], tuple(unpack(command["args"])), callback=back)


def close(command):
    # Waits for a poll that is under way, so not on the thread that reads the commands.
    threading.Thread(target=SOCKETS[command["socket"]].disconnect, daemon=True).start()


COMMANDS = {"open": open_socket, "emit": emit, "close": close}

for line in sys.stdin:
    said = json.loads(line)
    COMMANDS[said["do"]](said)
# Threads of open connections do not hold the process.
sys.stdout.flush()
os._exit(0)
