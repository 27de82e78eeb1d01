"""The published folder by nginx, against nginx with one plain file of the same size."""

import shutil
import tempfile
from pathlib import Path

from benchmarks import ground


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def main() -> None:
    if not shutil.which("nginx"):
        print("status page: nginx is not installed, so this one is left out")
        return
    with ground.postgres() as pg_port, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        env = {**ground.environment(folder / "data", pg_port), "TOCSIN_STATUS_DIR": str(folder / "status")}
        ground.manage(env, "prepare")
        ground.manage(env, "publish_status")
        (folder / "plain").mkdir()
        page = (folder / "status/current/index.html").read_bytes()
        (folder / "plain/index.html").write_bytes(page)
        port = ground.free_port()
        (folder / "nginx.conf").write_text(configuration(folder, port))
        # nginx gives up root's rights by itself, and then has to be able to read the folder.
        for path in (folder / "status").rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        with ground.running(["nginx", "-c", str(folder / "nginx.conf"), "-p", name], env, port):
            found = ground.interleaved(
                status=lambda: ground.rate(port, lambda c, n: get("/status/"), expect=b"200"),
                plain=lambda: ground.rate(port, lambda c, n: get("/plain/index.html"), expect=b"200"),
            )
    print(
        f"status page  {found['status']:9.0f} requests/s ({len(page)} bytes; the load is written in Python)"
    )
    print(f"plain file   {found['plain']:9.0f} requests/s")
    print(f"status page / plain file = {found['status'] / found['plain']:.2f}")


def configuration(folder: Path, port: int) -> str:
    """The locations of docker/nginx.conf, and one plain file beside them."""
    site = (ground.ROOT / "docker/nginx.conf").read_text()
    site = site.replace("listen 8080", f"listen 127.0.0.1:{port}").replace("web:8000", "127.0.0.1:9")
    site = site.replace("/etc/nginx/tocsin-proxy.conf", str(ground.ROOT / "docker/proxy.conf"))
    for name in ("static", "status"):
        site = site.replace(f"/srv/{name}/", f"{folder}/{name}/")
    site = site.replace(
        "location /static/", f"location /plain/ {{ alias {folder}/plain/; }}\n    location /static/"
    )
    kept = "".join(
        f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    first = f"daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
    return f"{first}http {{ access_log off; keepalive_requests 10000000; {kept}\n{site}\n}}"
