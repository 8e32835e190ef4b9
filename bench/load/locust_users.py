"""Locust's FastHttpUser, driven for the benches beside ours: `locust_users.py URL USERS PER_SECOND REQUESTS`.

PER_SECOND 0: each user as fast as they can. Prints JSON: requests, p95 in ms as Locust reports it, CPU seconds.
"""

from __future__ import annotations

import json
import sys
import time

import gevent
from locust import FastHttpUser, constant, constant_throughput, events, task
from locust.env import Environment

URL, USERS, RATE, REQUESTS = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
HOST, _, PATH = URL.partition("://")[2].partition("/")


class Visitor(FastHttpUser):
    host = f"http://{HOST}"
    wait_time = constant_throughput(RATE / USERS) if RATE else constant(0)

    @task
    def look(self) -> None:
        self.client.get(f"/{PATH}")


environment = Environment(user_classes=[Visitor], events=events)
runner = environment.create_local_runner()
runner.start(USERS, spawn_rate=USERS)
stats = environment.stats  # whose `total` is made anew at the start
while stats.total.num_requests < (1 if RATE else 500):  # past the start; whole programs are not what is compared
    gevent.sleep(0.01)
began, before = time.process_time(), stats.total.num_requests
while stats.total.num_requests - before < REQUESTS:
    gevent.sleep(0.05)
spent_s, made = time.process_time() - began, stats.total.num_requests - before
p95_ms = stats.total.get_response_time_percentile(0.95)
runner.quit()
print(json.dumps({"requests": made, "p95_ms": p95_ms, "cpu_s": spent_s, "failures": stats.total.num_failures}))
