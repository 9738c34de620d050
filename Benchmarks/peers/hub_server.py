"""A server for measurements that speaks the embeddings protocol on loopback and does nothing else.

It answers from memory: the vectors do not depend on the texts, so that what is measured is the client. Prints its port, then
serves until it is ended; a line "requests texts" goes to standard output when it is asked for /counts.
"""

import argparse
import base64
import json
import random
import re
import socketserver
import struct
import threading
import time


class Answers:
    """Bodies of answers by the number of texts, made once each."""

    def __init__(self, dimension, as_floats):
        rng = random.Random(1)
        values = [rng.uniform(-1, 1) for _ in range(dimension)]
        raw = struct.pack(f"<{dimension}f", *values)
        self.vector = (
            "[" + ",".join(repr(struct.unpack("<f", struct.pack("<f", v))[0]) for v in values) + "]"
            if as_floats
            else '"' + base64.b64encode(raw).decode() + '"'
        )
        self.bodies = {}

    def body(self, count):
        if count not in self.bodies:
            items = ",".join(
                f'{{"object":"embedding","index":{i},"embedding":{self.vector}}}' for i in range(count)
            )
            text = (
                f'{{"object":"list","data":[{items}],"model":"bench",'
                f'"usage":{{"prompt_tokens":{count},"total_tokens":{count}}}}}'
            )
            self.bodies[count] = text.encode()
        return self.bodies[count]


class Handler(socketserver.StreamRequestHandler):
    # The client's small writes would otherwise wait for acknowledgments.
    disable_nagle_algorithm = True
    rbufsize = 1 << 20

    def handle(self):
        while True:
            line = self.rfile.readline()
            if not line:
                return
            length = 0
            while True:
                header = self.rfile.readline()
                if header in (b"\r\n", b""):
                    break
                match = re.match(rb"content-length:\s*(\d+)", header, re.IGNORECASE)
                if match:
                    length = int(match.group(1))
            body = self.rfile.read(length)
            server = self.server
            if line.startswith(b"GET"):
                self.answer(json.dumps({"requests": server.requests, "texts": server.texts}).encode())
                continue
            count = len(json.loads(body)["input"])
            with server.lock:
                server.requests += 1
                server.texts += count
            if server.delay:
                time.sleep(server.delay)
            self.answer(server.answers.body(count))

    def answer(self, body):
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.request.sendall(head.encode())
        self.request.sendall(body)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dimension", type=int, default=1024)
    parser.add_argument("--delay", type=float, default=0, help="seconds before an answer")
    parser.add_argument("--floats", action="store_true", help="numbers instead of base64")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    with Server(("127.0.0.1", options.port), Handler) as server:
        server.answers = Answers(options.dimension, options.floats)
        server.delay = options.delay
        server.requests = server.texts = 0
        server.lock = threading.Lock()
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
