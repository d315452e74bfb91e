"""Opening, migrating, checking and copying stores."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import service.migrations
from models.errors import ConflictError, NotFoundError, StoreError, UnavailableError
from service.store import PaperFilter, Sort, Store
from service.store.database import Database, store_url
from service.store.migrate import LATEST
from service.store.schema import metadata
from tests.store.samples import make_paper, make_tagging

SCRIPTS = Path(service.migrations.__file__).parent


def test_the_migrations_make_exactly_the_tables_of_the_schema(place):
    Store.open(place).close()
    database = Database(place)

    def ours(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
        return not (kind == "table" and str(name).startswith("paper_search"))

    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": ours, "compare_type": not database.is_sqlite}
        )
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == LATEST
    database.close()


def test_the_newest_script_is_the_one_the_code_works_with():
    scripts = ScriptDirectory(str(SCRIPTS), version_locations=[str(SCRIPTS)])
    assert scripts.get_current_head() == LATEST


def test_a_store_opens_again_with_everything_in_it(place):
    with Store.open(place) as store:
        store.papers.upsert([make_paper(1)])
        store.taggings.save([make_tagging(make_paper(1), ("kv-cache", 0.9))])
    with Store.open(place) as store:
        assert store.listing.page(PaperFilter(text="byzantine", any_of=("kv-cache",))).items[0].paper == make_paper(1)
        assert store.check() == []


def test_a_store_of_a_newer_paperwire_is_refused(place):
    Store.open(place).close()
    database = Database(place)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(StoreError, match="upgrade Paperwire"):
        Store.open(place)


def test_another_programs_database_is_left_alone(tmp_path):
    place = tmp_path / "other.db"
    with sqlite3.connect(place) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="another program"):
        Store.open(place)


def test_a_file_that_is_no_database_is_left_alone(tmp_path):
    place = tmp_path / "notes.txt"
    place.write_text("not a database at all\n" * 100)
    with pytest.raises(StoreError, match="choose another path"):
        Store.open(place)
    assert place.read_text().startswith("not a database")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="folder"):
        Store.open(tmp_path / "file" / "papers.db")


@pytest.mark.parametrize("url", ["mysql://x/y", "oracle://x", "http://x.example/"])
def test_other_databases_are_refused(url):
    with pytest.raises(StoreError, match="SQLite or PostgreSQL"):
        Store.open(url)


def test_urls_are_read_in_their_usual_spellings(tmp_path):
    assert store_url("postgres://ana@h/db").drivername == "postgresql+psycopg"
    assert store_url("postgresql://ana@h/db").drivername == "postgresql+psycopg"
    assert store_url("sqlite:///x.db").database == "x.db"
    assert store_url(tmp_path / "x.db").database == str(tmp_path / "x.db")
    assert store_url(":memory:").database is None
    with pytest.raises(StoreError, match="cannot be read"):
        store_url("://")


def test_an_unreachable_server_is_an_error_without_its_password():
    with pytest.raises(StoreError) as caught:
        Store.open("postgresql://ana:hunter2@127.0.0.1:1/papers")
    assert "hunter2" not in str(caught.value)


def test_a_write_that_raises_leaves_nothing(place):
    with Store.open(place) as store:
        database = Database(place)
        with pytest.raises(KeyError), database.write() as connection:
            connection.execute(text("UPDATE counters SET value = 99"))
            connection.execute(text("INSERT INTO counters (name, value) VALUES ('x', 1)"))
            raise KeyError("stop")
        with database.read() as connection:
            assert database.count(connection, "x") == 0
        database.close()
        assert store.check() == []


def test_several_processes_open_a_new_store_at_once(tmp_path):
    place = str(tmp_path / "shared.db")
    command = [
        sys.executable,
        "-c",
        "import sys; from service.store import Store; Store.open(sys.argv[1]).close()",
        place,
    ]
    processes = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(3)]
    assert [process.wait(timeout=180) for process in processes] == [0, 0, 0]
    with Store.open(place) as store:
        assert store.check() == []


def test_threads_write_and_read_at_the_same_time(place):
    with Store.open(place) as store:

        def write(first: int) -> None:
            for start in range(first, first + 60, 20):
                store.papers.upsert(make_paper(n) for n in range(start, start + 20))
                store.listing.page(PaperFilter(text="experts"), sort=Sort.RELEVANCE)

        threads = [threading.Thread(target=write, args=(first,)) for first in (0, 60, 120, 0)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.listing.count() == 180
        assert store.check() == []


def test_check_finds_what_is_missing(place):
    with Store.open(place) as store:
        store.papers.upsert([make_paper(1), make_paper(2)])
        store.taggings.save([make_tagging(make_paper(1), ("kv-cache", 0.9))])
        database = Database(place)
        with database.write() as connection:
            connection.execute(text("DELETE FROM contents WHERE paper = 2"))
            connection.execute(text("DELETE FROM tags"))
            connection.execute(text("UPDATE papers SET search_row = 77 WHERE pk = 2"))
        database.close()
        assert store.check() == [
            "1 paper without text",
            "1 paper without a search row",
            "1 paper whose tags are missing",
        ]


def test_optimize_changes_no_answer(store):
    store.papers.upsert(make_paper(n) for n in range(30))
    before = store.listing.page(PaperFilter(text="experts"))
    store.optimize()
    assert store.listing.page(PaperFilter(text="experts")) == before
    assert store.check() == []


def test_a_backup_is_a_store(place, tmp_path):
    with Store.open(place) as store:
        store.papers.upsert([make_paper(1)])
        if "://" in place:
            with pytest.raises(UnavailableError, match="pg_dump"):
                store.backup(tmp_path / "copy.db")
            return
        copy = store.backup(tmp_path / "copy.db")
        with pytest.raises(ConflictError, match="there already"):
            store.backup(copy)
        with pytest.raises(StoreError, match="unable to open"):
            store.backup(tmp_path / "nowhere" / "copy.db")
        assert sorted(path.name for path in tmp_path.glob("*copy*")) == ["copy.db"]
    with Store.open(copy) as store:
        assert store.papers.get(make_paper(1).id).paper == make_paper(1)


def test_importing_the_store_does_not_import_alembic():
    script = "import sys, service.store; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=False).returncode == 0


@pytest.mark.parametrize("odd", ["a\x00b", "a\ud800b"])
def test_what_no_database_text_can_hold_is_left_out_of_what_is_kept_and_asked_for(store, odd):
    store.papers.upsert([replace(make_paper(1), id="ab")])
    with pytest.raises(NotFoundError, match="there is no paper"):
        store.papers.get(odd)
    assert [item.paper.id for item in store.listing.page(PaperFilter(ids=(odd,))).items] == ["ab"]
    assert store.listing.count(PaperFilter(any_of=(odd,), categories=(odd,), sources=(odd,))) == 0
    saved = store.queries.save("odd", f"text:{odd}", title=odd)
    assert (saved.expression, saved.title) == ("text:ab", "ab")
    assert not store.verdicts.take_back(odd, odd, odd)
    assert store.jobs.create("tag", odd, {odd: [rf"{odd} \u0000 \\"]}).options == {"ab": [r"ab \u0000 \\"]}
    store.audit.add("ana", "save query", odd, {"title": odd})
    assert store.audit.all(subject="ab")[0].detail == {"title": "ab"}
    with pytest.raises(NotFoundError, match="no vector"):
        store.vectors.similar_to(odd, "ab")
