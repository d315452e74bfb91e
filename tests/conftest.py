"""What tests of several rooms share. The only place in the tests that reads the environment."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy
from hypothesis import HealthCheck, settings

from tests.tiny import build_tiny_bundle

# Two busy cores say nothing about how long an example, or making one, may take.
_BY_THE_CLOCK = (HealthCheck.too_slow,)
settings.register_profile("paperwire", deadline=None, max_examples=100, suppress_health_check=_BY_THE_CLOCK)
settings.load_profile("paperwire")
POSTGRES_URL = "PAPERWIRE_TEST_POSTGRES_URL"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a PostgreSQL server whose user may create databases.

    The one that PAPERWIRE_TEST_POSTGRES_URL names, else a throw-away one on a free loopback port.
    """
    given = os.environ.get(POSTGRES_URL, "")
    if given:
        yield given
        return
    programs = _programs()
    if programs is None:
        pytest.skip(f"no PostgreSQL: install it, or let {POSTGRES_URL} name a server")
    folder = Path(tempfile.mkdtemp(prefix="paperwire-postgres-"))
    try:
        yield from _serving(programs, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_postgres(postgres_server: str) -> Iterator[Callable[[], str]]:
    """A function that makes a new, empty database and returns its URL; all are dropped in the end."""
    url = sqlalchemy.make_url(postgres_server).set(drivername="postgresql+psycopg")
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    made: list[str] = []

    def make() -> str:
        made.append(f"paperwire_{secrets.token_hex(6)}")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {made[-1]} TEMPLATE template0 ENCODING 'UTF8'")
        return url.set(drivername="postgresql", database=made[-1]).render_as_string(hide_password=False)

    yield make
    with engine.connect() as connection:
        for name in made:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    engine.dispose()


def _programs() -> Path | None:
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = newest[-1] if newest else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _serving(programs: Path, folder: Path) -> Iterator[str]:
    data, port = folder / "data", _free_port()
    as_user = _as_user(folder)
    create = [*as_user, str(programs / "initdb"), "-D", str(data), "-U", "paperwire", "-A", "trust", "-E", "UTF8", "-N"]
    subprocess.run([*create, "--locale=C.UTF-8"], check=True, capture_output=True, timeout=120, cwd=folder)
    options = f"-F -h 127.0.0.1 -p {port} -c unix_socket_directories= -c max_connections=40 -c autovacuum=off"
    # The shell ends the server when its input ends, so it cannot outlive these tests.
    script = f'"{programs / "postgres"}" -D "{data}" {options} 2>"{folder}/log" & read _; kill -QUIT $!; wait $!'
    with subprocess.Popen([*as_user, "sh", "-c", script], stdin=subprocess.PIPE, cwd=folder) as server:
        url = f"postgresql://paperwire@127.0.0.1:{port}/postgres"
        _wait(url, folder / "log")
        yield url
        server.communicate(timeout=60)


def _as_user(folder: Path) -> list[str]:
    """PostgreSQL will not run as root: then it runs as the user its package made."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres")
    return ["runuser", "-u", "postgres", "--"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, log: Path) -> None:
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sqlalchemy.NullPool)
    for _ in range(1200):
        try:
            engine.connect().close()
            return
        except sqlalchemy.exc.OperationalError:
            time.sleep(0.1)
    pytest.fail(f"PostgreSQL did not start: {log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a small real bundle, trained on invented papers; do not change it."""
    return build_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Take back what a server started in this process does to the root logger."""
    root = logging.getLogger()
    level, before = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    for handler in [h for h in root.handlers if type(h) is logging.StreamHandler and h not in before]:
        root.removeHandler(handler)
