"""The whole on one machine: AWS's stand-in, the TLS gateway with its two ports, sandbox people, the sample bank.

with Stack() as stack:
    stack.issuer, stack.mtls_url, stack.trusted
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, cast

import app as lambda_app
from chalicelib import assembly
from chalicelib.fetch.https import SECONDS_OF_A_JOB, Https
from chalicelib.provider import Provider
from chalicelib.settings import variable
from chalicelib.storage.notice_stores import Notices
from local import aws_stand_in, ports, sample_bank
from local.api_gateway import Api, Route
from local.certificates import Certificates
from local.https_server import Server
from local.recorded import NOTICES, LineFile, NoticeFile, Recorder
from local.revoked import PATH, Revoked

if TYPE_CHECKING:
    from local.chalice_local import ChaliceLocal
    from local.sandbox_app import SandboxApp

GUARDED = frozenset({"userinfo"})
"""Functions of ours that stand behind the authorizer, as in ducat_cdk/functions.py."""

RESOURCE_RULES = {
    "GET /userinfo": {"scope": "openid"},
    "POST /userinfo": {"scope": "openid"},
    "GET /accounts": {"scope": "accounts"},
    "GET /products": {"scope": "accounts", "subject": "any"},
    "POST /payments": {"authorization_details_type": "payment_initiation", "consumes": True},
}


class Stack:
    """Started and stopped as a context manager. It sets the environment of this process, and puts it back.

    `issuer`, `mtls_url`: where browsers go, and where clients with certificates go. `certificates`: every dev certificate.
    """

    def __init__(
        self,
        *,
        browsers_port: int = ports.BROWSERS,
        certificates_port: int = ports.BROWSERS + 1,
        certificates: Certificates | None = None,
        host: str = "127.0.0.1",
        region: str = aws_stand_in.REGION,
        otp_level: int = 2,
        kept: Path | None = None,
        recorded: Path | None = None,
        own: Mapping[str, str] = MappingProxyType({}),
        chalice: ChaliceLocal | None = None,
    ) -> None:
        """`otp_level`: the level of assurance that password and one-time code are taken to reach.

        `kept`: the file that keeps clients, users and consents for the next start.
        `recorded`: the file of the record; without it nothing is recorded.
        `own`: settings by their names (chalicelib/settings.py), such as bank_name.
        `chalice`: what serves the endpoints, in place of this process.
        """
        self._chalice = chalice
        self._otp_level, self._kept, self._own, self._recorded = otp_level, kept, own, recorded
        self._region = region
        self._ports = (browsers_port, certificates_port)
        self._host = host
        self._running = ExitStack()
        self.certificates = certificates or Certificates()
        self._revoked = Revoked(self.certificates)
        self._seen: frozenset[int] = frozenset()
        self.issuer = ""
        self.mtls_url = ""

    @property
    def provider(self) -> Provider:
        """The Provider that the functions use, to register a client or to look at what was remembered."""
        return assembly.provider()

    @property
    def approval_app(self) -> SandboxApp | None:
        """The sandbox's approval app, None with plain chalice local."""
        return cast("SandboxApp | None", self.provider.approval_app)

    def start(self) -> None:
        """Raises PortTaken before anything else is done, UnusableState, ChaliceEnded, and SettingsError for an own setting."""
        try:
            browsers, certificates = (self._serve(port, required=n == 1) for n, port in enumerate(self._ports))
            self.issuer = f"https://localhost:{browsers.port}"
            self.mtls_url = f"https://localhost:{certificates.port}"
            truststore = self.certificates.clients_authority.pem
            served = aws_stand_in.served(self._region, kept=self._kept, truststore=truststore)
            made = self._running.enter_context(served)
            self._running.enter_context(aws_stand_in.surroundings(self._settings() | made))
            assembly.provider.cache_clear()
            self._running.callback(assembly.provider.cache_clear)
            self._fetch_from_this_machine(cast(assembly.Aws, assembly.provider()))
            self._record(self._recorded)
            lambda_app.publish_keys({}, None)
            if self._chalice is not None:
                self._running.callback(self._chalice.stop)
                self._chalice.start()
            for server in (browsers, certificates):
                server.start()
                self._running.callback(server.stop)
            self._fetch_crls()
        except BaseException:
            self.stop()
            raise

    def see_revoked(self) -> None:
        """Fetch the CRL again if a certificate was revoked since the last time. The functions begin anew with what they know."""
        if self._revoked.serials() != self._seen:
            self._fetch_crls()
            vars(self.provider).pop("client_certificates", None)

    def stop(self) -> None:
        """Free the ports, forget what was remembered."""
        self._running.close()

    def __enter__(self) -> Stack:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _fetch_from_this_machine(self, aws: assembly.Aws) -> None:
        """A laptop's clients and its authority publish on it, under the dev authority. No setting can say so."""
        trusted = self.certificates.trusted.read_text()
        aws.documents = Https(authorities=trusted, loopback=True)
        aws.signed_documents = Https(authorities=trusted, loopback=True, seconds=SECONDS_OF_A_JOB, plain=True)

    def _record(self, file: Path | None) -> None:
        if file is not None:
            aws = cast(assembly.Aws, assembly.provider())
            aws.audit_files = LineFile(file)
            notices = NoticeFile(file.with_name(NOTICES), assembly.provider)
            aws.notices = Notices(notices, (notices,))
            recorder = Recorder(assembly.provider, account=aws_stand_in.ACCOUNT, region=self._region)
            recorder.start()
            self._running.callback(recorder.stop)

    def _fetch_crls(self) -> None:
        self._seen = self._revoked.serials()
        lambda_app.fetch_crls({}, None)

    def _serve(self, port: int, *, required: bool) -> Server:
        routes = Api({**api().routes, ("GET", PATH): Route(self._revoked.answer)}, lambda_app.authorizer)
        answer = routes.answer if self._chalice is None else self._chalice.before(routes.answer)
        server = Server(port, self.certificates.server(), answer, requests_certificates=required, host=self._host)
        self._running.callback(server.server_close)
        return server

    def _approvals(self) -> dict[str, str | None]:
        """The sandbox's approval app, which is in this process. Other programs that serve endpoints can't reach it."""
        if self._chalice is not None:
            return {"DUCAT_PAYMENT_EXEMPTION": "sandbox: plain chalice local has no approval app"}
        return {"DUCAT_APPROVAL_APP": "local.sandbox_app:build"}

    def _settings(self) -> dict[str, str | None]:
        return {
            "DUCAT_ISSUER": self.issuer,
            "DUCAT_MTLS_URL": self.mtls_url,
            "DUCAT_BANK_NAME": "Sandbox Bank",
            "DUCAT_USER_DIRECTORY": "local.sandbox_users:build",
            "DUCAT_VOCABULARY": str(Path(__file__).with_name("vocabulary.json")),
            "DUCAT_RESOURCE_URL": self.mtls_url,
            "DUCAT_RESOURCE_RULES": json.dumps(RESOURCE_RULES),
            "DUCAT_CLIENT_AUTHORITIES": json.dumps([self.certificates.clients_authority.subject_dn]),
            "DUCAT_CRLS": json.dumps({self.certificates.clients_authority.subject_dn: [self.issuer + PATH]}),
            "DUCAT_OTP_LEVEL": str(self._otp_level),
            **({} if self._recorded is None else {"DUCAT_AUDIT_FILE": str(self._recorded)}),
            **self._approvals(),
            **{variable(name): value for name, value in self._own.items()},
        }


def api() -> Api:
    """Every route of the front door, and the sample bank's, to the function that serves it."""
    routes = {
        (method, path): Route(getattr(lambda_app, entry.view_name), entry.view_name in GUARDED)
        for path, methods in lambda_app.app.routes.items()
        for method, entry in methods.items()
    }
    routes["GET", "/accounts"] = Route(sample_bank.accounts, guarded=True)
    routes["GET", "/products"] = Route(sample_bank.products, guarded=True)
    routes["POST", "/payments"] = Route(sample_bank.payments, guarded=True)
    return Api(routes, lambda_app.authorizer)
