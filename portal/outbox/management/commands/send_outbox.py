"""`manage.py send_outbox`: delivers queued mail, once or for ever."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections

from outbox.delivery import deliver_due
from outbox.heartbeat import beat
from portal_site.logs import portal_logger


class Command(BaseCommand):
    """Run it from cron each minute, or as a worker with `--every 5`."""

    help = "Delivers the mail that is due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--every` keeps it running."""
        parser.add_argument("--every", type=float, metavar="SECONDS", help="keep running and look this often")

    def handle(self, *args: Any, every: float | None = None, **options: Any) -> None:
        """Empties the queue; with `--every`, again and again."""
        if every is None:
            self.stdout.write(f"{_empty_the_queue()} sent")
            return
        try:
            while True:
                _look_once()
                time.sleep(every)
        except KeyboardInterrupt:
            return


def _look_once() -> None:
    # A database that restarts must not end the worker; no request comes by that would renew the connection.
    close_old_connections()
    try:
        _empty_the_queue()
        beat()
    except DatabaseError:
        portal_logger("outbox").exception("the database does not answer; mail waits")


def _empty_the_queue() -> int:
    total = 0
    while sent := deliver_due():
        total += sent
    return total
