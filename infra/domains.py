"""The two hosts of the one API: the browsers', and the one that asks for client certificates.

Mutual TLS is per domain, all or nothing, and API Gateway gives such a domain only the policy TLS_1_2; see docs/operate.
"""

from __future__ import annotations

from aws_cdk import CfnOutput
from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from infra.api import BROWSERS_TLS
from infra.deployment import Deployment

REGIONAL = apigateway.CfnDomainName.EndpointConfigurationProperty(types=["REGIONAL"])


def build(scope: Construct, deployment: Deployment, api: apigateway.RestApi) -> None:
    """Both domains, mapped to the API's stage; their targets for the bank's DNS are outputs of the stack."""
    browsers = apigateway.CfnDomainName(
        scope,
        "BrowsersDomain",
        domain_name=deployment.issuer_host,
        regional_certificate_arn=deployment.issuer_certificate,
        endpoint_configuration=REGIONAL,
        security_policy=BROWSERS_TLS,
        endpoint_access_mode="STRICT",
    )
    certificates = apigateway.CfnDomainName(
        scope,
        "CertificatesDomain",
        domain_name=deployment.mtls_host,
        regional_certificate_arn=deployment.mtls_certificate,
        endpoint_configuration=REGIONAL,
        security_policy="TLS_1_2",
        mutual_tls_authentication=apigateway.CfnDomainName.MutualTlsAuthenticationProperty(
            truststore_uri=deployment.truststore_uri, truststore_version=deployment.truststore_version
        ),
    )
    for domain in (browsers, certificates):
        name = domain.node.id
        apigateway.CfnBasePathMapping(
            scope,
            f"{name}Mapping",
            domain_name=domain.ref,
            rest_api_id=api.rest_api_id,
            stage=api.deployment_stage.stage_name,
        )
        CfnOutput(scope, f"{name}Target", value=domain.attr_regional_domain_name, description="DNS points here")
