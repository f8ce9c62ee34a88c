"""The two hosts of the one API: the browsers', and the one that asks for client certificates.

Mutual TLS is per domain, all or nothing, and API Gateway gives such a domain only the policy TLS_1_2; see docs/operate.
"""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import CfnOutput
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53
from constructs import Construct

from ducat_cdk.api import BROWSERS_TLS
from ducat_cdk.client_certificates import ClientCertificates
from ducat_cdk.deployment import Deployment
from ducat_cdk.existing import Existing

REGIONAL = apigateway.CfnDomainName.EndpointConfigurationProperty(types=["REGIONAL"])


def build(
    scope: Construct,
    deployment: Deployment,
    api: apigateway.RestApi,
    existing: Existing,
    truststore: ClientCertificates,
) -> tuple[Mapping[str, apigateway.IDomainName], Mapping[str, str]]:
    """Both domains, mapped to the API's stage, by "issuer" and "mtls"; and the ARNs of their certificates, where they are known.

    The targets of those that are made, for the bank's DNS, are outputs of the stack.
    """
    certificates = {
        of: _certificate(scope, deployment, of)
        for of, domain in (("issuer", existing.issuer_domain), ("mtls", existing.mtls_domain))
        if domain is None
    }
    found = {
        "issuer": existing.issuer_domain or _browsers(scope, deployment, certificates["issuer"]),
        "mtls": existing.mtls_domain or _certificates(scope, deployment, certificates["mtls"], truststore),
    }
    for name, domain in zip(("BrowsersDomain", "CertificatesDomain"), found.values(), strict=True):
        apigateway.CfnBasePathMapping(
            scope,
            f"{name}Mapping",
            domain_name=domain.domain_name,
            rest_api_id=api.rest_api_id,
            stage=api.deployment_stage.stage_name,
        )
    return found, certificates


def _browsers(scope: Construct, deployment: Deployment, certificate: str) -> apigateway.IDomainName:
    made = apigateway.CfnDomainName(
        scope,
        "BrowsersDomain",
        domain_name=deployment.issuer_host,
        regional_certificate_arn=certificate,
        endpoint_configuration=REGIONAL,
        security_policy=BROWSERS_TLS,
        endpoint_access_mode="STRICT",
    )
    return _made(scope, made, deployment.issuer_host, deployment)


def _certificates(
    scope: Construct, deployment: Deployment, certificate: str, truststore: ClientCertificates
) -> apigateway.IDomainName:
    made = apigateway.CfnDomainName(
        scope,
        "CertificatesDomain",
        domain_name=deployment.mtls_host,
        regional_certificate_arn=certificate,
        endpoint_configuration=REGIONAL,
        security_policy="TLS_1_2",
        mutual_tls_authentication=apigateway.CfnDomainName.MutualTlsAuthenticationProperty(
            truststore_uri=truststore.truststore, truststore_version=truststore.version
        ),
        # A certificate that ACM did not issue does not show whose the host is; one that it issued for this host does.
        ownership_verification_certificate_arn=deployment.ownership_certificate or None,
    )
    return _made(scope, made, deployment.mtls_host, deployment)


def _made(
    scope: Construct, domain: apigateway.CfnDomainName, host: str, deployment: Deployment
) -> apigateway.IDomainName:
    """A domain that was made, as what looks the same as one that exists; with its target, and its record in the bank's zone."""
    name = domain.node.id
    CfnOutput(scope, f"{name}Target", value=domain.attr_regional_domain_name, description="DNS points here")
    if deployment.hosted_zone_id:
        _record(scope, deployment.hosted_zone_id, host, domain)
    return apigateway.DomainName.from_domain_name_attributes(
        scope,
        f"{name}Made",
        domain_name=domain.ref,
        domain_name_alias_hosted_zone_id=domain.attr_regional_hosted_zone_id,
        domain_name_alias_target=domain.attr_regional_domain_name,
    )


def _certificate(scope: Construct, deployment: Deployment, of: str) -> str:
    """The ARN of a host's certificate: the one that the bank has, or one that ACM issues once the zone shows whose it is."""
    host: str = getattr(deployment, f"{of}_host")
    zone = deployment.hosted_zone_id
    if not zone or deployment.gives(f"{of}_certificate"):
        return str(getattr(deployment, f"{of}_certificate"))
    validated = acm.CfnCertificate.DomainValidationOptionProperty(domain_name=host, hosted_zone_id=zone)
    made = acm.CfnCertificate(
        scope,
        f"{of.title()}Certificate",
        domain_name=host,
        validation_method="DNS",
        domain_validation_options=[validated],
        key_algorithm="RSA_2048",  # the TLS 1.2 suites that FAPI1-ADV-8.5-1 names
    )
    return made.ref


def _record(scope: Construct, zone: str, host: str, domain: apigateway.CfnDomainName) -> None:
    """The host's address in the bank's zone. IPv4 alone, as API Gateway's regional hosts have it by default."""
    route53.CfnRecordSet(
        scope,
        f"{domain.node.id}Address",
        hosted_zone_id=zone,
        name=host,
        type="A",
        alias_target=route53.CfnRecordSet.AliasTargetProperty(
            dns_name=domain.attr_regional_domain_name, hosted_zone_id=domain.attr_regional_hosted_zone_id
        ),
    )
