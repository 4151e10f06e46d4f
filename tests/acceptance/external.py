"""The acceptance run against servers of the operating system, held against the same run with the embedded ones.

Not collected by pytest and no part of CI, because the servers may not be installed: `nox -s external`, or
`python tests/acceptance/external.py [--tls | --tests]`. It starts PostgreSQL and Redis with passwords, on ports and in a folder
of its own, runs `init`, `run` and `export crosswalk` on the sample data, does the same with embedded servers, and ends
with 1 unless the two sorted crosswalks are the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLE = Path(__file__).parents[2] / "sample_data"
RETAIL_BRAIN = str(Path(sys.executable).with_name("retail-brain"))


def main() -> int:
    """Run both and compare."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--postgres", type=Path, default=_newest_postgres(), help="folder with initdb and pg_ctl")
    options.add_argument(
        "--redis", type=Path, default=Path(shutil.which("redis-server") or "redis-server"), help="redis-server"
    )
    options.add_argument("--tests", action="store_true", help="run the integration tests against them instead")
    options.add_argument("--tls", action="store_true", help="speak TLS to both and check their certificates")
    given = options.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rb-external-")))
        folder.chmod(0o755)
        tls = _certificate(folder) if given.tls else None
        postgres = stack.enter_context(_postgres(folder / "postgres", given.postgres, tls))
        redis = stack.enter_context(_redis(folder / "redis", given.redis, tls))
        print(
            f"external: {_version(given.postgres / 'postgres')}; {_version(given.redis)}"
            + ("; TLS, certificates checked" if tls else "")
        )
        if given.tests:
            return _integration_tests(postgres | redis)
        outside = _acceptance_run(folder / "external shop", postgres | redis, tls)
        inside = _acceptance_run(folder / "embedded shop", {}, None)
    same = outside == inside
    print("the crosswalks are the same bytes" if same else "THE CROSSWALKS DIFFER")
    return 0 if same else 1


def _integration_tests(addresses: dict[str, str]) -> int:
    """Run the integration tests on the servers that were started."""
    command = [sys.executable, "-m", "pytest", "-q", str(Path(__file__).parents[1] / "integration")]
    return subprocess.run(command, env=os.environ | addresses, check=False).returncode


def _acceptance_run(folder: Path, addresses: dict[str, str], tls: Path | None) -> bytes:
    """Return the sorted crosswalk of the sample."""
    folder.mkdir()
    for path in SAMPLE.iterdir():
        if path.suffix in (".csv", ".gz", ".parquet"):
            shutil.copy(path, folder)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("POSTGRES_", "REDIS_", "PG"))
    } | addresses
    started = time.monotonic()
    _retail_brain(folder, environment, "init", ".")
    if tls:
        with (folder / "retail_brain.toml").open("a", encoding="utf-8") as file:
            file.write(f'\n[redis]\ntls = true\ntls_ca_file = "{tls}"\n')
    try:
        _retail_brain(folder, environment, "run")
        _retail_brain(folder, environment, "export", "crosswalk", "--to", "crosswalk.csv")
        found = _retail_brain(folder, environment, "profile", "show", "crm:K1409")
    finally:
        _retail_brain(folder, environment, "services", "stop")
    header, *rows = (folder / "crosswalk.csv").read_bytes().splitlines(keepends=True)
    text = header + b"".join(sorted(rows))
    where = "external" if addresses else "embedded"
    print(
        f"{where}: {len(rows):,} records in {time.monotonic() - started:.0f} s, crosswalk sha-256 {hashlib.sha256(text).hexdigest()[:16]}, crm:K1409 served: {bool(found)}"
    )
    return text


def _retail_brain(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [RETAIL_BRAIN, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"retail-brain {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


@contextmanager
def _postgres(folder: Path, programs: Path, tls: Path | None) -> Iterator[dict[str, str]]:
    """Run a PostgreSQL that wants a password, owned by `postgres` where this process is root."""
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    port, password = _free_port(), secrets.token_hex(16)
    folder.mkdir()
    (folder / "password").write_text(password, encoding="utf-8")
    _hand_over(user, folder, folder / "password")

    def run(*arguments: str | Path) -> None:
        as_user = {"user": user, "group": user, "extra_groups": []} if os.geteuid() == 0 else {}
        subprocess.run([str(part) for part in arguments], check=True, cwd="/", stdout=subprocess.DEVNULL, **as_user)

    run(
        programs / "initdb",
        "-D",
        folder / "data",
        "-U",
        "postgres",
        "-A",
        "scram-sha-256",
        "--pwfile",
        folder / "password",
        "-E",
        "UTF8",
        "--locale",
        "C.UTF-8",
    )
    settings = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    if tls:
        settings += f" -c ssl=on -c ssl_cert_file={tls} -c ssl_key_file={_own_key(tls, user, folder)}"
    run(programs / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", "-o", settings, "start")
    _create_database(programs, folder, port, password)
    address = {
        "POSTGRES_HOST": "localhost",
        "POSTGRES_PORT": str(port),
        "POSTGRES_DB": "retail_brain",
        "POSTGRES_USER": "retail_brain",
        "POSTGRES_PASSWORD": password,
    }
    try:
        yield address | ({"POSTGRES_SSLMODE": "verify-full", "PGSSLROOTCERT": str(tls)} if tls else {})
    finally:
        run(programs / "pg_ctl", "-D", folder / "data", "-w", "-m", "fast", "stop")


def _create_database(programs: Path, folder: Path, port: int, password: str) -> None:
    """Make what the documentation asks an administrator for: a role without special rights, and its database."""
    statements = (
        f"create role retail_brain login createdb password '{password}'",
        "create database retail_brain owner retail_brain",
    )
    for statement in statements:
        command = [programs / "psql", "-q", "-h", folder, "-p", str(port), "-U", "postgres", "-c", statement]
        subprocess.run(command, check=True, env={"PGPASSWORD": password}, cwd="/")


@contextmanager
def _redis(folder: Path, program: Path, tls: Path | None) -> Iterator[dict[str, str]]:
    """Run a Redis that wants a password and keeps nothing on disk."""
    folder.mkdir()
    port, password = _free_port(), secrets.token_hex(16)
    lines = ["bind 127.0.0.1", f"requirepass {password}", f"dir {folder}", 'save ""', "appendonly no"]
    lines += (
        [
            f"tls-port {port}",
            "port 0",
            f"tls-cert-file {tls}",
            f"tls-key-file {tls.with_suffix('.key')}",
            f"tls-ca-cert-file {tls}",
            "tls-auth-clients no",
        ]
        if tls
        else [f"port {port}"]
    )
    (folder / "redis.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    server = subprocess.Popen([program, folder / "redis.conf"], stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield {"REDIS_HOST": "localhost", "REDIS_PORT": str(port), "REDIS_PASSWORD": password}
    finally:
        server.terminate()
        server.wait(timeout=30)


def _certificate(folder: Path) -> Path:
    """Make a certificate for localhost that is its own authority."""
    path = folder / "server.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-out",
            path,
            "-keyout",
            path.with_suffix(".key"),
            *names,
        ],
        check=True,
        capture_output=True,
    )
    return path


def _own_key(tls: Path, user: str, folder: Path) -> Path:
    """PostgreSQL wants the key in a file that is its own and nobody else's."""
    own = folder / "server.key"
    shutil.copyfile(tls.with_suffix(".key"), own)
    own.chmod(0o600)
    _hand_over(user, own)
    return own


def _hand_over(user: str, *paths: Path) -> None:
    if os.geteuid() == 0:
        for path in paths:
            shutil.chown(path, user, user)


def _newest_postgres() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return found[-1] if found else Path("/usr/bin")


def _version(program: Path) -> str:
    return (
        subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
        .stdout.split(" sha=")[0]
        .strip()
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit("the server did not start within 10 s")


if __name__ == "__main__":
    sys.exit(main())
