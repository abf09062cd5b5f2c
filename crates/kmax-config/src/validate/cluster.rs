//! `[cluster]`, `[legacy]` and `[base]`.

use super::{iam_name, id_hint, security_groups, subnets};
use crate::config::{Base, Cluster, Legacy};
use crate::document::{Finding, Findings};
use crate::limits;
use crate::path::KeyPath;
use crate::raw::{BaseTable, ClusterTable, LegacyTable};
use crate::rules::Rule;
use crate::syntax::{is_aws_id, is_cidr, is_name, is_region, is_version};

/// What the name of the control plane's role is where nothing says it.
const ROLE: &str = "kmax";
/// What the control plane's security group is where nothing says it.
const SECURITY_GROUP: &str = "spotmax-kmax-master-sg";
/// The pattern of pool names where nothing says it.
const POOL_NAME: &str = "{team}-{pool}-kmax";
/// The stack that owns what a cluster has once.
pub(crate) const MAIN_STACK: &str = "main";

/// Checks `[cluster]`.
pub(crate) fn cluster(findings: &mut Findings<'_, '_>, table: &ClusterTable) -> Cluster {
    let at = KeyPath::of(["cluster"]);
    let cluster = Cluster {
        name: table.name.clone(),
        region: table.region.clone(),
        account: table.account.clone(),
        version: table.version.clone(),
        role: table.role.clone().unwrap_or_else(|| ROLE.to_owned()),
        vpc: table.vpc.clone(),
        subnets: table.subnets.clone(),
        security_groups: table
            .security_groups
            .clone()
            .unwrap_or_else(|| vec![SECURITY_GROUP.to_owned()]),
        pool_name: table.pool_name.clone().unwrap_or_else(|| POOL_NAME.to_owned()),
        stack: table.stack.clone().unwrap_or_else(|| MAIN_STACK.to_owned()),
        authentication_mode: table.authentication_mode,
        endpoint_access: table.endpoint_access,
        public_access_cidrs: table.public_access_cidrs.clone(),
        logging: table.logging.clone(),
    };
    identity(findings, &at, &cluster);
    vpc(findings, &at.key("vpc"), &cluster.vpc);
    subnets(findings, &at.key("subnets"), &cluster.subnets);
    security_groups(findings, &at.key("security_groups"), &cluster.security_groups);
    let role = "the control plane's role";
    iam_name(findings, &at.key("role"), role, &cluster.role, limits::ROLE_NAME);
    for (index, range) in cluster.public_access_cidrs.iter().flatten().enumerate() {
        if !is_cidr(range) {
            findings.push(
                Finding::error(Rule::InvalidCidr, format!("`{range}` is not an address range"))
                    .at(&at.key("public_access_cidrs").index(index))
                    .hint("write it as in `203.0.113.0/24`"),
            );
        }
    }
    cluster
}

/// Checks who the cluster is: name, region, account, version, stack.
fn identity(findings: &mut Findings<'_, '_>, at: &KeyPath, cluster: &Cluster) {
    let Cluster { name, region, account, version, stack, .. } = cluster;
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !starts || !name.chars().all(inner) || name.len() > limits::CLUSTER_NAME {
        let message = format!("`{name}` can't be the name of an EKS cluster");
        let hint =
            "a name is 1 to 100 letters, digits, `-` and `_`, and begins with a letter or digit";
        findings.push(Finding::error(Rule::InvalidName, message).at(&at.key("name")).hint(hint));
    }
    if !is_region(region) {
        findings.push(
            Finding::error(Rule::InvalidId, format!("`{region}` is not a region"))
                .at(&at.key("region"))
                .maybe_hint(region_hint(region)),
        );
    }
    if account.len() != 12 || !account.chars().all(|c| c.is_ascii_digit()) {
        let digits = account.chars().filter(char::is_ascii_digit).count();
        let hint = if digits == 12 {
            "write the 12 digits without anything between them".to_owned()
        } else {
            format!("an account has 12 digits, here are {digits}")
        };
        findings.push(
            Finding::error(Rule::InvalidId, format!("`{account}` is not an AWS account"))
                .at(&at.key("account"))
                .hint(hint),
        );
    }
    if let Some(version) = version
        && !(version.starts_with("1.") && is_version(version, 2))
    {
        let minor: Vec<&str> = version.trim_start_matches('v').split('.').take(2).collect();
        let minor = minor.join(".");
        let hint = if is_version(&minor, 2) && minor != *version {
            format!("write the minor alone: `\"{minor}\"`")
        } else {
            "write a Kubernetes minor as in `\"1.34\"`".to_owned()
        };
        findings.push(
            Finding::error(Rule::InvalidVersion, format!("`{version}` is not a Kubernetes minor"))
                .at(&at.key("version"))
                .hint(hint),
        );
    }
    // The lock is a launch template named `kmax-lock/CLUSTER/STACK`, of at most 128 characters.
    let lock = format!("kmax-lock/{name}/{stack}");
    if !is_name(stack) || lock.len() > 128 {
        let message = format!("`{stack}` can't be the name of a stack");
        let hint = "a name is letters, digits, `-` and `_`, with a letter or digit at both ends, and \
                    of at most 117 characters together with the cluster's name";
        findings.push(Finding::error(Rule::InvalidName, message).at(&at.key("stack")).hint(hint));
    }
}

fn region_hint(region: &str) -> Option<String> {
    let zone = region.strip_suffix(|c: char| c.is_ascii_lowercase())?;
    is_region(zone).then(|| format!("this is a zone; its region is `{zone}`"))
}

fn vpc(findings: &mut Findings<'_, '_>, at: &KeyPath, id: &str) {
    if !is_aws_id("vpc-", id) {
        findings.push(
            Finding::error(Rule::InvalidId, format!("`{id}` is not the id of a VPC"))
                .at(at)
                .hint(id_hint("vpc-")),
        );
    }
}

/// Checks `[legacy]`.
pub(crate) fn legacy(
    findings: &mut Findings<'_, '_>,
    table: &LegacyTable,
    cluster: &Cluster,
) -> Legacy {
    let at = KeyPath::of(["legacy"]);
    let legacy =
        Legacy { vpc: table.vpc.clone(), subnets: table.subnets.clone().unwrap_or_default() };
    if let Some(id) = &legacy.vpc {
        vpc(findings, &at.key("vpc"), id);
        if *id != cluster.vpc {
            let message =
                format!("the cluster's VPC `{}` is not the legacy system's `{id}`", cluster.vpc);
            findings.push(
                Finding::warning(Rule::LegacyVpc, message)
                    .at(&at.key("vpc"))
                    .also(&KeyPath::of(["cluster", "vpc"]), "the cluster's")
                    .hint("where the two are peered, silence this with `[[accept]]`"),
            );
        }
    }
    subnets(findings, &at.key("subnets"), &legacy.subnets);
    legacy
}

/// Checks `[base]`.
pub(crate) fn base(findings: &mut Findings<'_, '_>, table: &BaseTable) -> Base {
    let at = KeyPath::of(["base", "nodegroup"]);
    let name = &table.nodegroup;
    if !is_name(name) || name.len() > limits::LABEL_VALUE {
        findings.push(
            Finding::error(Rule::InvalidName, format!("`{name}` can't be the name of a nodegroup"))
                .at(&at)
                .hint("a name is 1 to 63 letters, digits, `-` and `_`"),
        );
    }
    Base { nodegroup: name.clone(), park: table.park.unwrap_or(true) }
}
