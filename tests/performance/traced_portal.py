"""A Django portal in one file, instrumented as its founder would: OpenTelemetry for Django, sqlite3 and urllib.

Run by test_traces.py in a process of its own; prints its port. Its other company answers on the port in OUTSIDE.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import urllib.request
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor
from opentelemetry.instrumentation.urllib import URLLibInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

FILE, OUTSIDE = sys.argv[1], os.environ["OUTSIDE"]


def dashboard(request: HttpRequest) -> HttpResponse:
    """One question for the invoices, then one for each of them."""
    connection = sqlite3.connect(FILE)
    cursor = connection.cursor()
    cursor.execute("SELECT id, number FROM invoices WHERE company = 'Anna & Co' LIMIT 12")
    for number, _ in cursor.fetchall():
        cursor.execute(f"SELECT amount FROM lines WHERE invoice_id = {number}")  # as prototypes write it
        cursor.fetchall()
    connection.close()
    return HttpResponse("fine")


def rates(request: HttpRequest, year: int) -> HttpResponse:
    """One rate after another."""
    for currency in ("USD", "GBP", "CHF", "SEK"):
        urllib.request.urlopen(f"{OUTSIDE}/rates?currency={currency}&key=hidden", timeout=5).read()
    return HttpResponse("fine")


urlpatterns = [path("", dashboard), path("rates/<int:year>/", rates)]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def main() -> None:
    with sqlite3.connect(FILE) as connection:
        connection.execute("CREATE TABLE invoices (id INTEGER PRIMARY KEY, number TEXT, company TEXT)")
        connection.execute("CREATE TABLE lines (invoice_id INTEGER, amount INTEGER)")
        connection.executemany("INSERT INTO invoices VALUES (?, ?, 'Anna & Co')", [(n, f"R{n}") for n in range(20)])
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="test", MIDDLEWARE=[])
    provider = TracerProvider(resource=Resource({"service.name": "portal"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), schedule_delay_millis=50))
    trace.set_tracer_provider(provider)
    DjangoInstrumentor().instrument()
    SQLite3Instrumentor().instrument()
    URLLibInstrumentor().instrument()
    django.setup()
    server = make_server("127.0.0.1", 0, get_wsgi_application(), server_class=_Server, handler_class=_Quiet)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
