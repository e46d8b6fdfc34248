"""Run Xandikos for several people with passwords: ``python -P xandikos_app.py DIRECTORY PORT``.

Its own command line asks for passwords over HTTPS only, so a check of ours stands before its
application; what answers is Xandikos itself. It runs as a process of its own.
"""

import hmac
import json
import sys
from pathlib import Path

from aiohttp import BasicAuth, web
from aiohttp.typedefs import Handler
from xandikos.multi_user import MultiUserFilesystemBackend, MultiUserXandikosApp
from xandikos.web import WELLKNOWN_DAV_PATHS, RedirectDavHandler
from xandikos.webdav import AUTHENTICATED_USER_ATTR

directory, port = Path(sys.argv[1]), int(sys.argv[2])
passwords = json.loads((directory / "passwords").read_text())


@web.middleware
async def ask_for_password(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let those in who know their password."""
    try:
        login = BasicAuth.decode(request.headers.get("Authorization", ""), encoding="utf-8")
        expected = passwords[login.login]
    except (ValueError, KeyError):
        login, expected = BasicAuth(""), None
    if expected is None or not hmac.compare_digest(expected.encode(), login.password.encode()):
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="xandikos"'})
    request[AUTHENTICATED_USER_ATTR] = login.login
    return await handler(request)


backend = MultiUserFilesystemBackend(str(directory / "data"), create_defaults=True)  # type: ignore[no-untyped-call]  # as shipped
for user in passwords:
    backend.set_principal(user)  # type: ignore[no-untyped-call]  # as shipped
dav = MultiUserXandikosApp(backend, "/%(REMOTE_USER)s/", state_dir=str(directory / "state"))


async def handle(request: web.Request) -> web.StreamResponse:
    """Hand a request to Xandikos."""
    answer: web.StreamResponse = await dav.aiohttp_handler(request, "/")  # type: ignore[no-untyped-call]  # as shipped
    return answer


app = web.Application(middlewares=[ask_for_password], client_max_size=0)
for path in WELLKNOWN_DAV_PATHS:
    app.router.add_route("*", path, RedirectDavHandler("/").__call__)
app.router.add_route("*", "/{path_info:.*}", handle)
web.run_app(app, host="127.0.0.1", port=port, print=None)
