"""The dev certificates: made once, kept out of git, of no use beyond this machine."""

import ssl
import stat
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from local import certificates, revoked
from local.certificates import Certificates


@pytest.fixture
def made(tmp_path):
    return Certificates(tmp_path / "certificates")


def verify(made, pair, host):
    root = x509.load_pem_x509_certificate(made.trusted.read_bytes())
    verifier = PolicyBuilder().store(Store([root])).build_server_verifier(host)
    return verifier.verify(pair.certificate, [])


def test_the_server_is_known_as_localhost_by_its_name_and_its_addresses(made):
    for host in certificates.HOSTS:
        verify(made, made.server(), host)
    assert isinstance(made.server().key, rsa.RSAPrivateKey)
    assert made.server().key.key_size == 2048


def test_what_the_trusted_authority_signs_for_another_host_is_refused(made, monkeypatch):
    elsewhere = x509.DNSName("bank.example")
    monkeypatch.setattr(certificates, "HOSTS", (elsewhere,))
    with pytest.raises(VerificationError, match="constraint"):
        verify(made, made.server(), elsewhere)


def test_a_client_certificate_is_no_server_certificate_and_of_another_authority(made):
    client = made.client("fintech")
    with pytest.raises(VerificationError):
        verify(made, client, certificates.HOSTS[0])
    assert client.subject_dn == "CN=fintech,O=Fintech Ltd,C=DE"
    assert client.certificate.issuer != made.server().certificate.issuer


def test_a_self_signed_certificate_is_signed_by_itself(made):
    own = made.self_signed("other").certificate
    own.verify_directly_issued_by(own)


def test_they_are_kept_between_runs(made):
    first = [made.server(), made.client("a"), made.self_signed("b")]
    again = Certificates(made.folder)
    assert [p.certificate for p in first] == [
        p.certificate for p in (again.server(), again.client("a"), again.self_signed("b"))
    ]


def test_one_about_to_expire_is_made_anew(made, monkeypatch):
    old = made.server().certificate
    assert old.not_valid_after_utc < datetime.now(UTC) + timedelta(days=398)
    monkeypatch.setattr(certificates, "RENEWED_BEFORE", timedelta(days=400))
    assert made.server().certificate != old


def test_one_of_an_authority_that_is_gone_is_made_anew(made):
    old = made.server()
    (made.folder / "dev-ca.pem").unlink()
    new = made.server()
    assert new.certificate != old.certificate
    verify(made, new, certificates.HOSTS[0])


def test_one_with_other_names_is_made_anew(made):
    plain = made.client("a")
    named = made.client("a", x509.DNSName("a.example"))
    assert named.certificate != plain.certificate


def test_private_keys_are_the_owners_alone_and_the_file_to_trust_has_none(made):
    made.server()
    for file in made.folder.glob("*.pem"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "PRIVATE" not in made.trusted.read_text()


def test_the_files_can_be_loaded_by_tls_libraries(made):
    ssl.create_default_context(cafile=made.trusted)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made.server().file)


def test_git_ignores_their_folder():
    run = subprocess.run(
        ["git", "check-ignore", "-q", certificates.FOLDER / "server.pem"], cwd=certificates.FOLDER.parent
    )
    assert run.returncode == 0


def test_the_crl_lists_what_was_revoked_and_nothing_that_another_authority_issued(made, tmp_path, monkeypatch, capsys):
    """The command takes a file of a client certificate and no other one."""
    first, second = made.client("a"), made.client("b")

    def command(file):
        monkeypatch.setattr("sys.argv", ["local.revoked", str(file)])
        revoked.main(made.folder)

    command(first.file)
    crl = x509.load_der_x509_crl(revoked.Revoked(made).crl())
    assert crl.is_signature_valid(made.clients_authority.key.public_key())
    assert [entry.serial_number for entry in crl] == [first.certificate.serial_number]
    assert first.file.name in capsys.readouterr().out
    elsewhere = Certificates(tmp_path / "elsewhere").client("a").file
    for file in (made.trusted, made.self_signed("c").file, elsewhere, made.folder / "none.pem"):
        with pytest.raises(SystemExit, match=rf"make revoke: .*{file.name}: "):
            command(file)
    assert second.certificate.serial_number not in revoked.Revoked(made).serials()
    assert len(revoked.Revoked(made).serials()) == 1
