"""Endpoints in a VPC, so that Airflow reaches AWS's services without the internet. Optional.

Service names: https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
"""

from __future__ import annotations

from typing import Any

_GATEWAYS = {"S3": "s3", "DynamoDb": "dynamodb"}
_INTERFACES = {
    "Rekognition": "rekognition",
    "Sqs": "sqs",
    "Sns": "sns",
    "Glue": "glue",
    "Athena": "athena",
    "Sts": "sts",
    "ServiceQuotas": "servicequotas",
}


def vpc_endpoints() -> dict[str, dict[str, Any]]:
    """Return the endpoints of the services that the lake calls, and their security group."""
    group = {
        "Type": "AWS::EC2::SecurityGroup",
        "Condition": "HasVpc",
        "Properties": {
            "GroupDescription": "endpoints of the media lake",
            "VpcId": "${VpcId}",
            "SecurityGroupIngress": [
                {
                    "IpProtocol": "tcp",
                    "FromPort": 443,
                    "ToPort": 443,
                    "CidrIp": "${VpcCidr}",
                    "Description": "HTTPS from the VPC",
                }
            ],
            # Endpoints open no connections.
            "SecurityGroupEgress": [
                {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "CidrIp": "127.0.0.1/32",
                 "Description": "nothing"}
            ],
        },
    }  # fmt: skip
    gateways = {
        f"{name}Endpoint": _endpoint(service, "Gateway", RouteTableIds={"Ref": "RouteTableIds"})
        for name, service in _GATEWAYS.items()
    }
    interfaces = {
        f"{name}Endpoint": _endpoint(
            service,
            "Interface",
            SubnetIds={"Ref": "SubnetIds"},
            SecurityGroupIds=[{"Ref": "EndpointsSecurityGroup"}],
            PrivateDnsEnabled=True,
        )
        for name, service in _INTERFACES.items()
    }
    return {"EndpointsSecurityGroup": group, **gateways, **interfaces}


def _endpoint(service: str, kind: str, **properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::EC2::VPCEndpoint",
        "Condition": "HasVpc",
        "Properties": {
            "VpcId": "${VpcId}",
            "ServiceName": f"com.amazonaws.${{AWS::Region}}.{service}",
            "VpcEndpointType": kind,
            **properties,
        },
    }
