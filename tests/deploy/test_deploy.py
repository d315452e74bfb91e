"""What servers are deployed with: linted, checked against schemas, and true to the settings they name."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import PREFIX, load_settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "Dockerfile"
UNIT = ROOT / "deploy" / "systemd" / "paperwire.service"
MANIFESTS = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
PROBES = {"startupProbe": "/health/ready", "readinessProbe": "/health/ready", "livenessProbe": "/health/live"}


def lint(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def tool(name: str) -> Path:
    """A program of the dev extra, beside the Python that runs the tests."""
    return Path(sys.executable).parent / name


def manifests() -> dict[str, dict[str, Any]]:
    return {one["kind"]: one for path in MANIFESTS for one in yaml.safe_load_all(path.read_text())}


def container() -> dict[str, Any]:
    (only,) = manifests()["Deployment"]["spec"]["template"]["spec"]["containers"]
    return dict(only)


def grace_needed(environ: dict[str, str]) -> float:
    settings = load_settings(None, {**environ, "PAPERWIRE_KEYS_FILE": "/keys.json"})
    return settings.drain_delay_s + settings.drain_timeout_s


def test_the_dockerfile_is_clean() -> None:
    assert lint(tool("hadolint"), "--failure-threshold", "style", DOCKERFILE) == ""


def test_the_image_runs_as_nobody_in_particular_and_tells_its_health() -> None:
    last = DOCKERFILE.read_text().split("\nFROM ")[-1]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert "/health/ready" in re.search(r"^HEALTHCHECK.*\n.*$", last, re.MULTILINE)[0]  # type: ignore[index]
    assert "pip" not in last, "nothing is installed in the image that runs"


def test_the_image_is_built_from_what_the_package_needs() -> None:
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE.read_text(), re.M) for name in line.split()
    }
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = {"pyproject.toml", project["project"]["readme"], *project["project"]["license-files"], *packages}
    assert copied == sent == needed
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_speaks_of_real_settings() -> None:
    given = dict(re.findall(rf"({PREFIX}\w+)=(\S+)", DOCKERFILE.read_text()))
    settings = load_settings(None, given)
    assert len(given) == sum(
        name.upper() in {key.removeprefix(PREFIX) for key in given} for name in settings.effective()
    )
    assert settings.keys_required


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_manifests_are_what_kubernetes_takes(path: Path) -> None:
    assert "passed" in lint(tool("kubernetes-validate"), "--strict", path)


def test_manifests_belong_together() -> None:
    found = manifests()
    wanted = "Deployment Service HorizontalPodAutoscaler PodDisruptionBudget PersistentVolumeClaim NetworkPolicy"
    assert set(found) == set(wanted.split())
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selected = [
        found["Deployment"]["spec"]["selector"]["matchLabels"],
        found["Service"]["spec"]["selector"],
        found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    ]
    assert all(one == labels for one in selected)
    target = found["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", found["Deployment"]["metadata"]["name"])
    claims = [volume.get("persistentVolumeClaim", {}).get("claimName") for volume in pod()["volumes"]]
    assert found["PersistentVolumeClaim"]["metadata"]["name"] in claims
    replicas = found["Deployment"]["spec"]["replicas"]
    assert found["PodDisruptionBudget"]["spec"]["minAvailable"] < replicas, "a node can be emptied"


def pod() -> dict[str, Any]:
    return dict(manifests()["Deployment"]["spec"]["template"]["spec"])


def test_pods_are_locked_in_and_probed() -> None:
    one, context = container(), container()["securityContext"]
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
    assert context["capabilities"]["drop"] == ["ALL"]
    assert {name: one[name]["httpGet"]["path"] for name in PROBES} == PROBES
    mounted = {mount["name"] for mount in one["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod()["volumes"]}
    assert one["ports"][0]["name"] == manifests()["Service"]["spec"]["ports"][0]["targetPort"]


def test_pods_speak_of_real_settings_and_have_time_to_drain() -> None:
    given = {entry["name"]: entry["value"] for entry in container()["env"]}
    known = {PREFIX + name.upper() for name in load_settings(None, {}).effective()}
    assert set(given) <= known
    assert pod()["terminationGracePeriodSeconds"] > grace_needed(given)
    assert pod()["enableServiceLinks"] is False, "Kubernetes would set PAPERWIRE_PORT"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_the_unit_is_what_systemd_takes(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.MULTILINE))
    assert lint("systemd-analyze", "verify", "--man=no", copy) == ""


def test_the_unit_gives_time_to_drain_and_its_settings_are_real() -> None:
    unit = UNIT.read_text()
    settings = load_settings(UNIT.with_name("paperwire.toml"), {})
    assert settings.workers > 1
    timeout = int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[1])  # type: ignore[index]
    assert timeout > settings.drain_delay_s + settings.drain_timeout_s
    named = set(re.findall(rf"^Environment=({PREFIX}\w+)=", unit, re.MULTILINE))
    assert named <= {PREFIX + name.upper() for name in settings.effective()}
    assert re.search(r"^KillMode=mixed$", unit, re.MULTILINE), "workers get their signal from the first process"
