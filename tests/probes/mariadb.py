"""A MariaDB of Debian's, one for the process, in a temporary folder; only where it is installed."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pymysql

MISSING = "" if shutil.which("mariadbd") else "no MariaDB here: apt-get install mariadb-server-core"
SYSTEM = Path("/usr/share/mysql")
TABLES = ("system_tables", "performance_tables", "system_tables_data")
PASSWORD = "horse-9f2-battery"
NAME = "portal"


@cache
def server() -> str:
    """Starts it; the path of its socket. The user `portal` owns a database of that name, and `blind` may use it."""
    made = tempfile.TemporaryDirectory(prefix="lr-maria-")
    folder = Path(made.name)
    user = "nobody" if os.geteuid() == 0 else ""
    if user:
        shutil.chown(folder, user)
    who = [f"--user={user}"] if user else []
    data, socket = folder / "data", folder / "s"
    options = ["--no-defaults", f"--datadir={data}", "--innodb-buffer-pool-size=32M", *who]
    data.mkdir()
    if user:
        shutil.chown(data, user)
    # What mariadb-install-db does, which needs more than the server's own package.
    tables = "".join((SYSTEM / f"mysql_{name}.sql").read_text() for name in TABLES)
    first = f"SET @auth_root_socket = NULL;\nCREATE DATABASE mysql;\nUSE mysql;\n{tables}"
    subprocess.run(["mariadbd", *options, "--bootstrap"], input=first.encode(), check=True, capture_output=True)
    running = subprocess.Popen(
        ["mariadbd", *options, f"--socket={socket}", "--performance-schema=ON", "--skip-networking",
         "--innodb-flush-log-at-trx-commit=0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip

    def stop() -> None:
        running.terminate()
        running.wait(20)
        made.cleanup()

    atexit.register(stop)
    until = time.monotonic() + 30
    while True:
        try:
            sql(
                f"CREATE DATABASE {NAME}",
                f"CREATE USER {NAME} IDENTIFIED BY '{PASSWORD}'",
                f"CREATE USER blind IDENTIFIED BY '{PASSWORD}'",
                f"GRANT ALL ON {NAME}.* TO {NAME}",
                f"GRANT SELECT ON performance_schema.* TO {NAME}",
                f"GRANT SELECT ON {NAME}.* TO blind",
                socket=str(socket),
            )
        except pymysql.OperationalError:
            assert running.poll() is None
            assert time.monotonic() < until, "MariaDB did not start"
            time.sleep(0.05)  # it says nowhere when it listens
        else:
            return str(socket)


def url(user: str = NAME, password: str = PASSWORD) -> str:
    return f"mysql://{user}:{password}@localhost/{NAME}?socket={server()}"


def sql(*statements: str, socket: str = "", user: str = "root", database: str | None = None) -> Iterable[Any]:
    password = "" if user == "root" else PASSWORD
    with (
        pymysql.connect(
            unix_socket=socket or server(), user=user, password=password, database=database, autocommit=True
        ) as connection,
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall()
