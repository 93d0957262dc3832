"""On what it was measured."""

import datetime
import os
import re
import subprocess

from worker import environment


def output_of(*command):
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    except FileNotFoundError:
        return ""
    return run.stdout.strip()


def cpu():
    said = output_of("lscpu")
    model = re.search(r"Model name:\s*(.*)", said)
    caches = re.findall(r"^(L\w+) cache:\s*(.*?)(?: \(.*)?$", said, re.M)
    return (model[1] if model else "unknown"), ", ".join(f"{name} {size}" for name, size in caches)


def system():
    with open("/etc/os-release", encoding="utf-8") as file:
        name = re.search(r'PRETTY_NAME="(.*)"', file.read())
    return f"{name[1] if name else 'Linux'}, kernel {os.uname().release}"


def compiler(build):
    with open(os.path.join(build, "meson-logs", "meson-log.txt"), encoding="utf-8") as file:
        found = re.search(r"C compiler for the host machine: \S+ \((.*?) \"", file.read())
    return found[1] if found else "unknown compiler"


def commit():
    return output_of("git", "describe", "--always", "--dirty") or "unknown"


def facts(bench, versions, load):
    """(name, text) of everything that a reader needs to judge the figures."""
    model, caches = cpu()
    now = datetime.datetime.now(datetime.timezone.utc)
    return [
        ("date", now.strftime("%Y-%m-%d %H:%M UTC")),
        ("linnet", f"commit {commit()}, {compiler(bench.build)}; results depend on {versions['linnet']}"),
        ("processor", f"{model}, {os.cpu_count()} CPUs; {caches} in all"),
        ("system", system()),
        ("opponents", ", ".join(sorted({text for name, text in versions.items() if name not in ("linnet", "blas")}))),
        ("load", f"{load:.1f} before, {os.getloadavg()[0]:.1f} after (1 minute); "
                 f"{100 * bench.gate.share_quiet():.0f} % of {len(bench.gate.looks)} looks quiet"),
    ]
