"""`manage.py send_outbox`: delivers queued mail, once or for ever."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from outbox.delivery import deliver_due


class Command(BaseCommand):
    """Run it from cron each minute, or as a worker with `--every 5`."""

    help = "Delivers the mail that is due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--every` keeps it running."""
        parser.add_argument("--every", type=float, metavar="SECONDS", help="keep running and look this often")

    def handle(self, *args: Any, every: float | None = None, **options: Any) -> None:
        """Empties the queue; with `--every`, again and again."""
        while True:
            total = 0
            while sent := deliver_due():
                total += sent
            if every is None:
                self.stdout.write(f"{total} sent")
                return
            time.sleep(every)
