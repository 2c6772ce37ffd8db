#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that send what they should not, to real running word counts: each is answered as it should be, others are
answered meanwhile, and the jobs go on: no restart, more checkpoints, more records, and an end in order.

    hostile_clients_test.py WORD_COUNT      prints what it checks
"""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

HOST = b"Host: localhost\r\n"
CHANGES = HOST + b"X-Weir-Request: 1\r\n"


class Job:
    def __init__(self, program, directory, *settings):
        self.directory = directory
        self.log = open(directory / "log", "wb")
        command = [program, "run", "--input", "generate:4000000000", "--output", "none",
                   "-D", f"state.dir={directory}/state", "-D", "rest.port=0", "-D", "parallelism.default=2",
                   "-D", "execution.checkpointing.interval=100 ms"]
        for setting in settings:
            command += ["-D", setting]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=self.log)
        file = directory / "state" / "http-address"
        eventually("the job says where it answers", file.exists)
        self.port = json.loads(file.read_text())["port"]
        self.path = b"/jobs/" + self.get("/jobs")["jobs"][0]["id"].encode()

    def connect(self):
        made = socket.create_connection(("127.0.0.1", self.port))
        made.settimeout(60)
        return made

    def status_of(self, request):
        """The status of the answer; None when the server closes without one."""
        with self.connect() as client:
            client.sendall(request)
            answer = client.recv(1 << 16)
        return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else None

    def get(self, path):
        with self.connect() as client:
            client.sendall(b"GET " + path.encode() + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(1 << 16), b""))
        return json.loads(answer.split(b"\r\n\r\n", 1)[1])

    def summary(self):
        return self.get(self.path.decode() + "/summary")

    def check_unhurt(self):
        before = self.summary()
        eventually("records flow and checkpoints complete", lambda: self.moved_since(before))

    def moved_since(self, before):
        now = self.summary()
        check("it runs, and was never restarted", now["state"] == "RUNNING" and now["restarts"] == 0, quiet=True)
        return (now["checkpoints"]["completed"] > before["checkpoints"]["completed"]
                and now["records-read"] > before["records-read"])

    def stop(self, headers=b""):
        request = b"POST " + self.path + b"/stop HTTP/1.1\r\n" + CHANGES + headers + b"\r\n"
        check("stop", self.status_of(request) == 202)
        check("its process ended in order", self.process.wait(60) == 0)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def check(what, so, quiet=False):
    if not so:
        raise AssertionError(what)
    if not quiet:
        print("passed:", what)


def eventually(what, so):
    end = time.monotonic() + 60
    while not so():
        check(what + ", within a minute", time.monotonic() < end, quiet=True)
        time.sleep(0.02)
    print("passed:", what)


def get(path, headers=HOST):
    return b"GET " + path + b" HTTP/1.1\r\n" + headers + b"\r\n"


def post(path, body, headers=CHANGES):
    return b"POST " + path + b" HTTP/1.1\r\n" + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body


def wrong_requests(job):
    """What is sent, and the status that answers it."""
    crash = job.path + b"/crash"
    cancel = b"PATCH " + job.path + b"?mode=cancel HTTP/1.1\r\n"
    hidden = cancel + CHANGES + b"\r\n"
    start = b"POST " + crash + b" HTTP/1.1\r\n" + CHANGES
    yield "no path", get(b"/nothing"), 404
    yield "an encoded slash", get(b"/jobs%2foverview"), 404
    yield "bytes that are no UTF-8 in a path", get(b"/jobs/%ff%fe\xff"), 404
    yield "a byte 0 in a path", get(b"/jobs%00"), 404
    yield "a path to elsewhere", get(b"/jobs/../../etc/passwd"), 404
    yield "an address as path", get(b"http://localhost/jobs"), 404
    yield "a long path", get(b"/" + b"a" * 9000), 414
    yield "large headers", get(b"/jobs", HOST + b"X: " + b"a" * 20000 + b"\r\n"), 431
    yield "many headers", get(b"/jobs", HOST + b"X: y\r\n" * 101), 431
    yield "an unknown method", b"BREW /jobs HTTP/1.1\r\n" + HOST + b"\r\n", 400
    yield "a wrong method", b"DELETE " + job.path + b" HTTP/1.1\r\n" + CHANGES + b"\r\n", 405
    yield "an unknown version", b"GET /jobs HTTP/2.0\r\n" + HOST + b"\r\n", 400
    yield "no Host", get(b"/jobs", b""), 400
    yield "two of them", get(b"/jobs", HOST + b"Host: evil.example\r\n"), 400
    yield "a foreign Host", get(b"/jobs", b"Host: evil.example\r\n"), 403
    yield "another origin", get(b"/jobs", HOST + b"Origin: http://evil.example\r\n"), 403
    yield "its question whether it may", b"OPTIONS " + crash + b" HTTP/1.1\r\n" + HOST + b"\r\n", 403
    yield "a change without the header", cancel + HOST + b"\r\n", 403
    yield "a length below 0", start + b"Content-Length: -5\r\n\r\n", 400
    yield "two lengths", start + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\n12345", 400
    yield "a large body", start + b"Content-Length: 99999999999999999999\r\n\r\n", 413
    yield "chunks", start + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411
    yield "a compressed body", start + b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", 415
    yield "a request in another's body", start + b"Content-Length : %d\r\n\r\n" % len(hidden) + hidden, 400
    yield "a request behind a folded line", start + b"X: y\r\n Content-Length: 9\r\n\r\n" + hidden, 400
    yield "no JSON", post(crash, b"{"), 400
    yield "deep JSON", post(crash, b"[" * 60000), 400
    yield "JSON that is no UTF-8", post(crash, b'{"task": "\xff\xfe"}'), 400
    yield "no task", post(crash, b'{"task": "count/1\\u0000"}'), 400
    yield "a fault, when none is allowed", post(crash, b'{"fault": "throw task=count/1"}'), 400


def attack(job):
    for what, request, status in wrong_requests(job):
        got = job.status_of(request)
        check(f"{what}: {status}", got == status) if got == status else check(f"{what}: {got}", False)
    for what, request in {"TLS": b"\x16\x03\x01\x02\x00\x01" + bytes(200), "half a request": b"GET /jo"}.items():
        with job.connect() as client:
            client.sendall(request)
            check(f"{what} is closed without an answer", client.recv(100) == b"")
    job.check_unhurt()


def crowd(job):
    slow = [job.connect() for _ in range(100)]
    for client in slow:
        client.sendall(get(b"/metrics")[:-2])
    many = job.connect()
    many.sendall(get(b"/metrics") * 300)  # and does not read
    check("others are answered beside slow clients", job.status_of(get(b"/jobs")) == 200)
    connections = []
    for i in range(1000):
        connections.append(job.connect())
        if i % 100 == 0:
            check(f"answered beside {i} connections", job.status_of(get(b"/jobs")) == 200)
    connections[-1].sendall(get(b"/jobs"))
    check("the last of 1,000 is answered", connections[-1].recv(100).startswith(b"HTTP/1.1 200"))
    check("the first had to give way", slow[0].recv(100) == b"")
    for client in slow + connections + [many]:
        client.close()
    job.check_unhurt()


def off_loopback(job):
    change = b"POST " + job.path + b"/stop HTTP/1.1\r\n" + CHANGES
    check("no token: 401", job.status_of(change + b"\r\n") == 401)
    check("another token: 401", job.status_of(change + b"Authorization: Bearer wrong\r\n\r\n") == 401)
    check("reading needs none", job.status_of(get(b"/jobs")) == 200)
    job.check_unhurt()
    job.stop(b"Authorization: Bearer right%41\r\n")


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="weir-test-") as directory:
        jobs = []
        try:
            for name, settings in (("near", []), ("far", ["rest.bind-address=0.0.0.0", "weir.rest.token=right%41"])):
                here = pathlib.Path(directory) / name
                here.mkdir()
                jobs.append(Job(program, here, *settings))
                if name == "near":
                    attack(jobs[0])
                    crowd(jobs[0])
                    jobs[0].stop()
            off_loopback(jobs[1])
            print("all passed")
        except BaseException:
            for job in jobs:
                sys.stderr.write((job.directory / "log").read_text())
            raise
        finally:
            for job in jobs:
                job.kill()


main()
