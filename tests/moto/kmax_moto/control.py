"""The endpoints under `/kmax-test/`, by which tests prepare, disturb and look into the server.

Bodies and answers are JSON. `account` and `region` are optional everywhere; they are moto's default
account and us-east-1 where they are left out.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.base_backend import BackendDict
from moto.moto_api._internal import mock_random

from . import eks, images
from .errors import AwsError
from .faults import CallLog, FaultBook, Limits
from .group import groups_of, living
from .registry import Call, Settings, settings
from .template import add_template, templates_of

#: Marks requests that the server makes to itself: not logged, not hit by faults.
AGENT = "kmax-test-control"

Wish = dict[str, Any]

WORKER_POLICIES = (
    "AmazonEKSWorkerNodePolicy",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEKS_CNI_Policy",
)


class Refused(Exception):
    """A control request that can't be served, with the reason."""


class Control:
    """Serves the control endpoints."""

    def __init__(self, faults: FaultBook, limits: Limits, log: CallLog, work: threading.RLock):
        self.faults = faults
        self.limits = limits
        self.log = log
        self.work = work
        self.endpoint = ""
        self.routes: dict[tuple[str, str], Callable[[Wish], Any]] = {
            ("POST", "seed"): self.seed,
            ("POST", "reset"): self.reset,
            ("GET", "faults"): lambda wish: self.faults.listing(),
            ("POST", "faults"): self.order_fault,
            ("POST", "faults/clear"): self.clear_faults,
            ("POST", "limits"): self.limit,
            ("POST", "limits/clear"): self.clear_limits,
            ("GET", "calls"): lambda wish: self.log.listing(wish.get("account")),
            ("POST", "calls/clear"): self.clear_calls,
            ("POST", "call"): self.call,
            ("POST", "scale"): self.scale,
            ("POST", "ssm/release"): self.release,
            ("POST", "images"): self.image,
            ("POST", "eks"): self.cluster,
            ("POST", "settings"): self.settings,
            ("POST", "templates"): self.templates,
            ("GET", "snapshot"): self.snapshot,
        }
        #: Endpoints that call back into the server and must not hold its lock meanwhile.
        self.unlocked = {("POST", "call")}

    def answer(
        self, environ: dict[str, Any], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Answers one control request."""
        key = (
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"].removeprefix("/kmax-test/").strip("/"),
        )
        status, result = 200, None
        try:
            route = self.routes.get(key)
            if route is None:
                raise Refused(f"there is no {key[0]} /kmax-test/{key[1]}")
            wish = {
                name: values[-1]
                for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()
            }
            if body.strip():
                wish |= json.loads(body)
            if key in self.unlocked:
                result = route(wish)
            else:
                with self.work:
                    result = route(wish)
        except (Refused, ValueError, TypeError, KeyError) as error:
            status, result = 400, {"error": f"{type(error).__name__}: {error}"}
        except AwsError as error:
            status, result = 400, {"error": error.message, "code": error.code}
        text = json.dumps(result, sort_keys=True, default=_plain) + "\n"
        return status, [("Content-Type", "application/json")], text.encode()

    # Preparing.

    def seed(self, wish: Wish) -> Any:
        """Makes what kmax expects to find: network, security groups, roles, profile, cluster.

        The ids derive from region and cluster name and are the same in every run and account.
        """
        call = _call(wish)
        cluster = wish.get("cluster", "kmax-test")
        # The backends of a new account take their own ids before the seed.
        _ = (call.ec2, call.iam, call.eks)
        mock_random.seed(f"{call.region}/{cluster}")
        try:
            return self._seed(call, cluster, wish)
        finally:
            mock_random.seed(os.urandom(16))

    def _seed(self, call: Call, cluster: str, wish: Wish) -> Wish:
        ec2, iam = call.ec2, call.iam
        letters = wish.get("zones", ["a", "b", "c"])
        if cluster in call.eks.clusters:
            raise Refused(f"the cluster {cluster} was seeded before")
        vpc = ec2.create_vpc(wish.get("cidr", "10.0.0.0/16"))
        ec2.create_tags([vpc.id], {"Name": f"{cluster}-vpc"})
        subnets, names = {}, {}
        for index, letter in enumerate(letters):
            zone = f"{call.region}{letter}"
            subnet = ec2.create_subnet(vpc.id, f"10.0.{16 * index}.0/20", availability_zone=zone)
            names[zone] = f"{cluster}-private-{letter}"
            ec2.create_tags([subnet.id], {"Name": names[zone]})
            subnets[zone] = subnet.id
        groups = {}
        for name in wish.get(
            "security_groups", ["spotmax-kmax-worknode-sg", "spotmax-kmax-master-sg"]
        ):
            group = ec2.create_security_group(name, f"{name} of {cluster}", vpc_id=vpc.id)
            groups[name] = group.id
        worker, master = wish.get("node_role", "kmax-worknode"), wish.get("role", "kmax")
        roles = {
            worker: _role(call, worker, "ec2.amazonaws.com", WORKER_POLICIES),
            master: _role(call, master, "eks.amazonaws.com", ("AmazonEKSClusterPolicy",)),
        }
        if worker not in [profile.name for profile in iam.instance_profiles.values()]:
            iam.create_instance_profile(worker, "/", [])
            iam.add_role_to_instance_profile(worker, worker)
        own = ec2.create_security_group(
            f"eks-cluster-sg-{cluster}-1234567890", "EKS created security group", vpc_id=vpc.id
        )
        ec2.create_tags(
            [own.id],
            {f"kubernetes.io/cluster/{cluster}": "owned", "aws:eks:cluster-name": cluster},
        )
        made = call.eks.create_cluster(
            name=cluster,
            role_arn=roles[master],
            resources_vpc_config={
                "subnetIds": list(subnets.values()),
                "securityGroupIds": [groups[name] for name in groups if "master" in name],
                "clusterSecurityGroupId": own.id,
                "vpcId": vpc.id,
                "endpointPublicAccess": True,
                "endpointPrivateAccess": True,
                "publicAccessCidrs": ["0.0.0.0/0"],
            },
            version=wish.get("version"),
        )
        eks.settle(made, {"authentication_mode": "API_AND_CONFIG_MAP"} | wish)
        return {
            "account": call.account,
            "region": call.region,
            "cluster": cluster,
            "vpc": vpc.id,
            "subnets": subnets,
            "subnet_names": names,
            "security_groups": groups,
            "cluster_security_group": own.id,
            "roles": roles,
            "instance_profile": worker,
            "endpoint": made.endpoint,
        }

    def reset(self, wish: Wish) -> Any:
        """Empties one account, where `/moto-api/reset` empties all."""
        account = wish.get("account", DEFAULT_ACCOUNT_ID)
        for backends in BackendDict._instances:  # type: ignore[misc]
            dict.pop(backends, account, None)
        self.forget(account)
        return {"reset": account}

    def forget(self, account: str | None) -> None:
        """Forgets orders, limits and calls, of one account or of all."""
        self.faults.clear(account)
        self.limits.clear(account)
        self.log.clear(account)

    def templates(self, wish: Wish) -> Any:
        """Makes templates of somebody else: `count`, `prefix`, and `versions` of each."""
        call = _call(wish)
        count, versions = int(wish.get("count", 1)), int(wish.get("versions", 1))
        data = wish.get("data", {"ImageId": "ami-0123456789abcdef0", "InstanceType": "m5.large"})
        tags = wish.get("tags", {})
        for index in range(count):
            template = add_template(
                call.ec2, f"{wish.get('prefix', 'foreign')}-{index:05d}", dict(data), None, tags
            )
            for _ in range(versions - 1):
                template.add(dict(data), None)
        return {"made": count}

    def release(self, wish: Wish) -> Any:
        """Moves the AMI parameters under `recommended` to the `first` or `second` release."""
        which = {"first": 0, "second": 1}.get(wish.get("release", "second"))
        if which is None:
            raise Refused("release must be first or second")
        call = _call(wish)
        moved = images.recommend(call.account, call.region, which, wish.get("minor"))
        return {"images": moved}

    def image(self, wish: Wish) -> Any:
        """Changes an image: `state`, `deprecation_time`, or `deregister`: true."""
        backend = _call(wish).ec2
        image = backend.amis.get(wish["image_id"])
        if image is None:
            raise Refused(f"there is no image {wish['image_id']}")
        if wish.get("deregister"):
            backend.deregister_image(image.id)
        if "state" in wish:
            image.state = wish["state"]
        if "deprecation_time" in wish:
            image.deprecation_time = wish["deprecation_time"]  # type: ignore[attr-defined]
        return {"image_id": image.id}

    def cluster(self, wish: Wish) -> Any:
        """Changes a cluster: endpoint, certificate_authority, service_ipv4_cidr and the like."""
        found = _call(wish).eks.clusters.get(wish["cluster"])
        if found is None:
            raise Refused(f"there is no cluster {wish['cluster']}")
        eks.settle(found, wish)
        return {"cluster": found.name}

    def settings(self, wish: Wish) -> Any:
        """Sets what `Settings` holds: deleting_reads, hidden_reads, max_groups."""
        known = settings(_call(wish))
        for name, value in wish.items():
            if name in ("account", "region"):
                continue
            if name not in Settings.__dataclass_fields__:
                raise Refused(
                    f"there is no setting {name}; there are {', '.join(Settings.__dataclass_fields__)}"
                )
            setattr(known, name, int(value))
        return asdict(known)

    # Disturbing.

    def order_fault(self, wish: Wish) -> Any:
        """Orders a fault; see `Fault` for its keys."""
        return {"id": self.faults.order({key: wish[key] for key in wish if key != "region"}).id}

    def clear_faults(self, wish: Wish) -> Any:
        """Forgets the orders, of one account or of all."""
        self.faults.clear(wish.get("account"))
        return {}

    def limit(self, wish: Wish) -> Any:
        """Gives each operation of `service` a bucket of `tokens` with `refill` more a second."""
        account = wish.get("account", DEFAULT_ACCOUNT_ID)
        self.limits.set(account, wish["service"], float(wish["tokens"]), float(wish["refill"]))
        return {}

    def clear_limits(self, wish: Wish) -> Any:
        """Lifts the limits, of one account or of all."""
        self.limits.clear(wish.get("account"))
        return {}

    def clear_calls(self, wish: Wish) -> Any:
        """Forgets the calls, of one account or of all."""
        self.log.clear(wish.get("account"))
        return {}

    def scale(self, wish: Wish) -> Any:
        """Moves desired of a `group` as Cluster Autoscaler would; tells the instances."""
        call = _call(wish)
        group = living(call, wish["group"])
        desired = int(wish["desired"])
        if not group.min_size <= desired <= group.max_size and not wish.get("force"):
            raise Refused(f"desired {desired} is not within {group.min_size} and {group.max_size}")
        group.set_desired_capacity(desired)
        return {
            "desired": group.desired_capacity,
            "instances": [state.describe() for state in group.instance_states],
        }

    def call(self, wish: Wish) -> Any:
        """Makes any AWS call through boto3: `service`, `operation`, `params`; answers what boto3 answers.

        It is not logged and no fault hits it, so that a test tampers and looks without an SDK of its own.
        """
        account = wish.get("account", DEFAULT_ACCOUNT_ID)
        client = boto3.client(
            wish["service"],
            endpoint_url=self.endpoint,
            region_name=wish.get("region", "us-east-1"),
            aws_access_key_id=f"AKIA{account}KMAX",
            aws_secret_access_key="test",
            config=Config(user_agent_extra=AGENT, retries={"total_max_attempts": 1}),
        )
        name = wish["operation"]
        methods = {api: method for method, api in client.meta.method_to_api_mapping.items()}
        if name not in methods:
            raise Refused(f"{wish['service']} has no operation {name}")
        try:
            answer = getattr(client, methods[name])(**wish.get("params", {}))
        except ClientError as error:
            failure = error.response["Error"]
            raise AwsError(failure["Code"], failure["Message"]) from None
        answer.pop("ResponseMetadata", None)
        return answer

    # Looking.

    def snapshot(self, wish: Wish) -> Any:
        """All templates, groups, instances and tags of an account and region, sorted."""
        call = _call(wish)
        return {
            "launch_templates": {
                template.name: {
                    "id": template.id,
                    "default": template.default_version_number,
                    "tags": dict(sorted(call.ec2.tags.get(template.id, {}).items())),
                    "versions": {
                        str(version.number): {
                            "description": version.description,
                            "data": version.data,
                        }
                        for version in template.versions
                    },
                }
                for template in templates_of(call.ec2).values()
            },
            "auto_scaling_groups": {
                group.name: group.describe() for group in groups_of(call).values()
            },
            "instances": {
                instance.id: {
                    "type": instance.instance_type,
                    "image": instance.image_id,
                    "state": instance.state,
                    "lifecycle": instance.lifecycle or "on-demand",
                    "tags": dict(sorted(call.ec2.tags.get(instance.id, {}).items())),
                }
                for instance in call.ec2.all_instances()
            },
        }


def _call(wish: Wish) -> Call:
    return Call(
        "control",
        "control",
        wish.get("account", DEFAULT_ACCOUNT_ID),
        wish.get("region", "us-east-1"),
    )


def _role(call: Call, name: str, service: str, policies: tuple[str, ...]) -> str:
    iam = call.iam
    for role in iam.roles.values():
        if role.name == name:
            return role.arn
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": ["sts:AssumeRole"],
            }
        ],
    }
    role = iam.create_role(
        role_name=name,
        assume_role_policy_document=json.dumps(trust),
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )
    for policy in policies:
        arn = f"arn:aws:iam::aws:policy/{policy}"
        if arn in iam.managed_policies:
            iam.attach_role_policy(arn, name)
    return role.arn


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
