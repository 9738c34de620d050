# SPDX-License-Identifier: Apache-2.0
"""The server against OpenAI's own client, then under load; called by scripts/test-serve."""
import http.client
import json
import struct
import sys
import threading
import time

import openai


def npy(path):
    """Rows of a .npy file of floats."""
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<H", data[8:10])[0]
    shape = eval(data[10:10 + length].decode())["shape"]
    values = struct.unpack(f"<{shape[0] * shape[1]}f", data[10 + length:])
    return [values[i * shape[1]:(i + 1) * shape[1]] for i in range(shape[0])]


def private(pid):
    """Bytes that a process has to itself."""
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


port, pid, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
texts = [line.rstrip("\n") for line in open(sys.argv[4])]
expected = npy(sys.argv[5])
many = [line.rstrip("\n") for line in open(sys.argv[6])]

client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="any", max_retries=0)
assert [model.id for model in client.models.list().data] == ["all-MiniLM-L6-v2"]
assert client.models.retrieve("all-MiniLM-L6-v2").id == "all-MiniLM-L6-v2"
farthest = 0.0
for start in range(0, 200, 50):
    for form in [{}, {"encoding_format": "float"}]:
        found = client.embeddings.create(model="all-MiniLM-L6-v2", input=texts[start:start + 50], **form)
        assert [entry.index for entry in found.data] == list(range(50)) and found.usage.total_tokens > 0
        for entry, row in zip(found.data, expected[start:start + 50]):
            farthest = max(farthest, max(abs(a - b) for a, b in zip(entry.embedding, row)))
assert farthest < 1e-5, farthest
for wrong, error in [
    ({"model": "none", "input": "a"}, openai.NotFoundError), ({"model": "all-MiniLM-L6-v2", "input": ""}, openai.BadRequestError),
    ({"model": "all-MiniLM-L6-v2", "input": [1, 2]}, openai.BadRequestError),
]:
    try:
        client.embeddings.create(**wrong)
        raise SystemExit(f"{wrong} was taken")
    except error:
        pass
print(f"openai {openai.__version__}: vectors within {farthest:.1e} of 'simile embed', errors as they should be")

lock = threading.Lock()
answers = {}
count = 0
end = time.monotonic() + seconds
memory = []


def load(number):
    global count
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    place = number * 977
    while time.monotonic() < end:
        some = [many[(place + i) % len(many)] for i in range(16)]
        place += 16
        body = json.dumps({"input": some, "encoding_format": "base64"})
        connection.request("POST", "/v1/embeddings", body)
        answer = connection.getresponse()
        data = answer.read()
        with lock:
            answers[answer.status] = answers.get(answer.status, 0) + 1
            count += data.count(b'"object":"embedding"')


threads = [threading.Thread(target=load, args=(i,)) for i in range(64)]
begun = time.monotonic()
for thread in threads:
    thread.start()
while any(thread.is_alive() for thread in threads):
    memory.append(private(pid))
    time.sleep(1)
elapsed = time.monotonic() - begun
assert set(answers) == {200} and count == 16 * answers[200], answers
settled = memory[len(memory) // 4:]
print(
    f"64 clients for {elapsed:.0f} s: {answers[200]} answers, all of them 200, {count / elapsed:.0f} texts/s; memory "
    f"{min(settled) >> 20} to {max(settled) >> 20} MiB after the first quarter, {memory[-1] >> 20} at the end"
)
