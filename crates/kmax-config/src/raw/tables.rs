//! The file and its tables, apart from the settings of pools.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::choices::{
    AuthenticationMode, ControlPlaneLog, EndpointAccess, EnsureMode, InstallMode, ManageMode,
    NodeAccessMode, SwitchMode,
};
use super::settings::{DefaultSettings, TeamSettings};
use super::words::{Count, FlagWord, IdentityWord};

/// The worker nodes of one EKS cluster, or of one stack of it: teams and their pools.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "kmax.toml")]
pub(crate) struct File {
    /// The format of this file. There is one so far: 1.
    #[schemars(range(min = 1))]
    pub(crate) format: u32,
    /// The EKS cluster that the nodes join.
    pub(crate) cluster: ClusterTable,
    /// The system that the cluster must reach. kmax warns where pools leave its VPC or its zones.
    pub(crate) legacy: Option<LegacyTable>,
    /// What kmax may write beside the pools, all in one place.
    #[serde(default)]
    pub(crate) manage: ManageTable,
    /// The managed nodegroup whose launch template gives what no key says.
    pub(crate) base: Option<BaseTable>,
    /// Settings of all pools. Any of them may be set again under a team or a pool; the innermost
    /// wins. Tables merge key by key, arrays replace.
    #[serde(default)]
    #[expect(dead_code, reason = "merged as a tree, not through this type")]
    pub(crate) defaults: DefaultSettings,
    /// Specs by name: what instance types a pool may use. Only what `NcMg`, `small`, `medium` and
    /// `large` can't say needs one.
    #[serde(default)]
    pub(crate) specs: BTreeMap<String, SpecTable>,
    /// Free parts of the user data by name. A pool takes those that its `user_data` names.
    #[serde(default)]
    pub(crate) user_data: BTreeMap<String, UserDataTable>,
    /// Login users, groups and sudo rules of every node.
    pub(crate) access: Option<AccessTable>,
    /// How cluster-autoscaler is installed. All of it is optional.
    pub(crate) cluster_autoscaler: Option<AutoscalerTable>,
    /// How metrics-server is installed. All of it is optional.
    pub(crate) metrics_server: Option<MetricsTable>,
    /// Past one of these bounds a plan is refused. `--allow RULE=N` raises one for one run, visibly.
    #[serde(default)]
    pub(crate) guards: GuardsTable,
    /// Warnings that are silenced, each with its reason.
    #[serde(default)]
    pub(crate) accept: Vec<AcceptTable>,
    /// Teams by name. The name is the value of the tag `team` and of the label `node.spotmax/team`.
    #[serde(default)]
    #[expect(dead_code, reason = "merged as a tree, not through this type")]
    pub(crate) teams: BTreeMap<String, TeamSettings>,
}

/// The EKS cluster.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClusterTable {
    /// The cluster's name in EKS.
    #[schemars(length(min = 1, max = 100))]
    pub(crate) name: String,
    /// The AWS region, for example `us-east-1`.
    pub(crate) region: String,
    /// The AWS account, 12 digits in quotes. kmax refuses to run against any other.
    #[schemars(regex(pattern = "^[0-9]{12}$"))]
    pub(crate) account: String,
    /// The Kubernetes minor that the cluster should run, for example `1.34`. kmax warns when it runs
    /// another.
    #[schemars(regex(pattern = "^1\\.[0-9]{2}$"))]
    pub(crate) version: Option<String>,
    /// The name of the control plane's IAM role. By default `kmax`.
    pub(crate) role: Option<String>,
    /// The id of the cluster's VPC.
    #[schemars(regex(pattern = "^vpc-[0-9a-f]+$"))]
    pub(crate) vpc: String,
    /// The subnets that nodes may be in: ids, or values of the tag `Name`.
    #[schemars(length(min = 1))]
    pub(crate) subnets: Vec<String>,
    /// The security groups of the control plane: names or ids. By default
    /// `spotmax-kmax-master-sg`.
    pub(crate) security_groups: Option<Vec<String>>,
    /// The pattern of a pool's name, by default `{team}-{pool}-kmax`. It takes `{team}`, `{pool}`,
    /// `{cluster}` and `{stack}`. Names are unique per account and region, so a second cluster there
    /// needs another pattern.
    pub(crate) pool_name: Option<String>,
    /// The stack that this file is, by default `main`. Several files may serve one cluster, each
    /// owning its own pools; what the cluster has once belongs to the stack `main`.
    pub(crate) stack: Option<String>,
    /// How the cluster maps IAM principals, where `manage.cluster = "ensure"` creates it.
    pub(crate) authentication_mode: Option<AuthenticationMode>,
    /// Where the cluster's API endpoint answers, where `manage.cluster = "ensure"` creates it.
    pub(crate) endpoint_access: Option<EndpointAccess>,
    /// From where the public endpoint may be reached, where `manage.cluster = "ensure"` creates the
    /// cluster.
    pub(crate) public_access_cidrs: Option<Vec<String>>,
    /// The control plane's logs that are written, where `manage.cluster = "ensure"` creates it.
    pub(crate) logging: Option<Vec<ControlPlaneLog>>,
}

/// The system that the cluster must reach.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LegacyTable {
    /// The id of its VPC. kmax warns (`legacy-vpc`) where it is not the cluster's.
    #[schemars(regex(pattern = "^vpc-[0-9a-f]+$"))]
    pub(crate) vpc: Option<String>,
    /// Its subnets: ids, or values of the tag `Name`. kmax warns of pools outside of their zones,
    /// for traffic between zones is billed.
    pub(crate) subnets: Option<Vec<String>>,
}

/// What kmax may write beside the pools.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ManageTable {
    /// The cluster itself. By default `verify`.
    pub(crate) cluster: Option<EnsureMode>,
    /// The roles, the instance profile and their policies. By default `verify`.
    pub(crate) iam: Option<EnsureMode>,
    /// The security groups and their rules. By default `verify`.
    pub(crate) security_groups: Option<EnsureMode>,
    /// The access entry or aws-auth row without which no node joins. By default `ensure`.
    pub(crate) node_access: Option<NodeAccessMode>,
    /// The labels of nodes that are already running. By default `managed`.
    pub(crate) node_labels: Option<SwitchMode>,
    /// cluster-autoscaler. By default `managed`.
    pub(crate) cluster_autoscaler: Option<ManageMode>,
    /// metrics-server. By default `ensure`.
    pub(crate) metrics_server: Option<InstallMode>,
}

/// The managed nodegroup whose launch template is the base.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BaseTable {
    /// The nodegroup's name. What no key says is taken from the template that EKS made for it, in
    /// the version that `kmax.lock` pins.
    pub(crate) nodegroup: String,
    /// Whether that nodegroup is kept at 0 nodes. By default true.
    pub(crate) park: Option<bool>,
}

/// A spec: either a list of instance types, or what they must be like.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpecTable {
    /// The instance types, by name. With it no other key of the spec may be set.
    pub(crate) instance_types: Option<Vec<String>>,
    /// How many vCPUs: exact as in `"8"`, or a range as in `"8..16"`, both ends included.
    pub(crate) vcpus: Option<Count>,
    /// How many GiB of memory: exact as in `"64"`, or a range as in `"64..80"`, both ends included.
    pub(crate) memory_gib: Option<Count>,
    /// Instance families: a letter as in `c`, with its generation as in `x2`, or whole as in
    /// `c6gn`. By default any but burstable, bare metal, accelerated, mac, hpc and u.
    pub(crate) families: Option<Vec<String>>,
    /// Instance types that are left out, by name.
    pub(crate) exclude: Option<Vec<String>>,
}

/// A free part of the user data: exactly one of `script` and `inline`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserDataTable {
    /// The path of a script, relative to this file.
    pub(crate) script: Option<String>,
    /// The script itself.
    pub(crate) inline: Option<String>,
}

/// Login users, groups and sudo rules.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessTable {
    /// `Defaults` lines of the sudoers file, whole.
    pub(crate) sudo_defaults: Option<Vec<String>>,
    /// Command aliases of sudo by name (capitals), each a list of commands by their full paths.
    #[serde(default)]
    pub(crate) sudo_aliases: BTreeMap<String, Vec<String>>,
    /// Groups by name.
    #[serde(default)]
    pub(crate) groups: BTreeMap<String, GroupTable>,
    /// Login users by name.
    #[serde(default)]
    pub(crate) users: BTreeMap<String, UserTable>,
}

/// A group of users.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupTable {
    /// What its members may do: sudo rules, each as it stands behind the name in sudoers.
    #[serde(default)]
    pub(crate) sudo: Vec<String>,
}

/// A login user. It has no password.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserTable {
    /// The groups it is in, each one of `[access.groups]`.
    #[serde(default)]
    pub(crate) groups: Vec<String>,
    /// The public keys it logs in with, each a line of an authorized_keys file.
    #[serde(default)]
    pub(crate) ssh_authorized_keys: Vec<String>,
}

/// How cluster-autoscaler is installed.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutoscalerTable {
    /// Its version, for example `1.34.5`. By default the newest known patch of the cluster's minor.
    pub(crate) version: Option<String>,
    /// How it gets its AWS permissions: `node` takes the worker role, a table names a role for Pod
    /// Identity or IRSA. By default `node`.
    pub(crate) identity: Option<IdentityWord>,
    /// Its flags by name, without the dashes in front, beside or instead of kmax's own. An array
    /// gives a flag several times.
    #[serde(default)]
    pub(crate) flags: BTreeMap<String, FlagWord>,
}

/// How metrics-server is installed.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricsTable {
    /// Its version, for example `0.8.0`. By default the newest that kmax knows.
    pub(crate) version: Option<String>,
}

/// Bounds of a plan.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GuardsTable {
    /// How many pools a plan may delete. By default 1.
    pub(crate) pools_destroyed: Option<u32>,
    /// How many nodes a plan may terminate. By default 0.
    pub(crate) nodes_terminated: Option<u32>,
}

/// A warning that is silenced.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptTable {
    /// The warning's code, as `kmax` prints it in brackets, for example `legacy-vpc`.
    pub(crate) rule: String,
    /// Why that is fine here.
    #[schemars(length(min = 1))]
    pub(crate) reason: String,
}
