# SPDX-License-Identifier: Apache-2.0
"""What the comparison ran on."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any


def described() -> dict[str, Any]:
    """The processor, memory and system; nothing that names the machine or its user."""
    info = _fields("/proc/cpuinfo")
    flags = info.get("flags", info.get("Features", "")).split()
    memory = int(_fields("/proc/meminfo").get("MemTotal", "0 kB").split()[0]) / 2**20
    model = info.get("model name", platform.machine())
    if "cpu family" in info:
        model += f" (family {info['cpu family']}, model {info.get('model', '?')})"
    return {
        "name": _architecture(info),
        "cpu": model,
        "flags": [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_int8") if name in flags],
        "instructions": [
            name for name in ("avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimd") if name in flags
        ],
        "virtual": "hypervisor" in flags,
        "cores": len(os.sched_getaffinity(0)),
        "memoryGiB": round(memory, 1),
        "caches": _caches(),
        "system": f"{_fields('/etc/os-release', '=').get('PRETTY_NAME', '').strip(chr(34))}, Linux {platform.release()}",
        "python": platform.python_version(),
    }


def _architecture(info: dict[str, str]) -> str | None:
    """What people call the processor, if we know it: virtual machines hide the rest of its name."""
    family, model = int(info.get("cpu family", 0)), int(info.get("model", 0))
    if info.get("vendor_id") == "AuthenticAMD":
        if family == 25:
            return "Zen 4" if model in range(16, 32) or model in range(96, 176) else "Zen 3"
        return {23: "Zen 2", 26: "Zen 5"}.get(family)
    if info.get("vendor_id") == "GenuineIntel" and family == 6:
        known = {85: "Cascade Lake", 106: "Ice Lake", 143: "Sapphire Rapids", 207: "Emerald Rapids", 173: "Granite Rapids"}
        return known.get(model)
    return None


def commit(root: Path) -> str:
    """The commit that is checked out, with a `+` if files differ from it."""
    try:
        name = _said(["git", "-C", str(root), "rev-parse", "--short", "HEAD"])
        # What this program itself writes is no difference.
        changed = _said(["git", "-C", str(root), "status", "--porcelain", "--", "Sources", "Package.swift"])
        return name + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _caches() -> str:
    folder = Path("/sys/devices/system/cpu/cpu0/cache")
    found = {}
    for cache in sorted(folder.glob("index*")) if folder.is_dir() else []:
        try:
            if (cache / "type").read_text().strip() != "Instruction":
                found["L" + (cache / "level").read_text().strip()] = (cache / "size").read_text().strip()
        except OSError:
            continue
    return ", ".join(f"{level} {size}" for level, size in found.items())


def _fields(path: str, separator: str = ":") -> dict[str, str]:
    """The first value of each name in a file of names and values."""
    found: dict[str, str] = {}
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return found
    for line in lines:
        name, _, value = line.partition(separator)
        found.setdefault(name.strip(), value.strip())
    return found


def _said(words: list[str]) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
