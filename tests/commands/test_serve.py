import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.cli import run

PAPERWIRE = [sys.executable, "-c", "from service.cli import main; main()"]


@pytest.fixture
def server(tiny_bundle: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    line = [*PAPERWIRE, "serve", "--port", "0", "--bundle", str(tiny_bundle)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        heard = next((line for line in process.stdout if "listening" in line), "")
        port = re.search(r'"port": ?(\d+)', heard)
        assert port, heard
        yield f"http://127.0.0.1:{port[1]}", process
        process.kill()


def wait_until_ready(address: str) -> None:
    for _ in range(600):
        if httpx.get(f"{address}/health/ready", timeout=60).status_code == 200:
            return
        time.sleep(0.1)
    pytest.fail("the server did not get ready within a minute")


def test_it_answers_until_it_is_told_to_stop(server):
    address, process = server
    wait_until_ready(address)
    paper = {"title": "Quorum certificates for Byzantine agreement", "abstract": "State-machine replication."}
    answer = httpx.post(f"{address}/v1/tag", json=paper, timeout=60)
    assert answer.status_code == 200
    assert "consensus" in answer.text
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) in (0, -signal.SIGTERM)


def test_wrong_settings_are_told_at_once(capsys, tmp_path):
    assert run(["serve", "--host", "0.0.0.0"]) == 2
    assert "keys_file is missing" in capsys.readouterr().err
    assert run(["serve", "--config", str(tmp_path / "nowhere.toml")]) == 2
    assert run(["serve", "--bundle", str(tmp_path)]) == 4


def test_an_address_that_is_taken_is_code_4(tiny_bundle, server, capsys):
    port = server[0].rpartition(":")[2]
    assert run(["serve", "--port", port, "--bundle", str(tiny_bundle)]) == 4
    assert capsys.readouterr().err.strip().splitlines()[-1].startswith("paperwire: Address already in use")
