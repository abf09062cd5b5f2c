//! The whole of a `kmax.toml` as it is meant.

use std::collections::BTreeMap;

use kmax_model::PoolId;
use serde::{Serialize, Serializer};

use crate::access::Access;
use crate::diagnostic::{ConfigError, Diagnostic};
use crate::path::KeyPath;
use crate::pool::{Place, Pool};
use crate::raw::choices::{
    AuthenticationMode, ControlPlaneLog, EndpointAccess, EnsureMode, InstallMode, ManageMode,
    NodeAccessMode, SwitchMode,
};
use crate::spec::Spec;

/// A valid `kmax.toml`: merged, with every default filled in.
///
/// Its serialized form is what a config digest is taken of: places, comments, whether a default was
/// written, warnings and the order of keys take no part in it, the text of user data files does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Config {
    /// The format of the file.
    pub format: u32,
    /// The cluster.
    pub cluster: Cluster,
    /// The system that the cluster must reach.
    pub legacy: Option<Legacy>,
    /// What kmax may write beside the pools.
    pub manage: Manage,
    /// The nodegroup whose template is the base.
    pub base: Option<Base>,
    /// The specs of `[specs.*]`.
    pub specs: BTreeMap<String, Spec>,
    /// The parts of `[user_data.*]` with their text.
    pub user_data: BTreeMap<String, UserDataPart>,
    /// Users, groups and sudo rules.
    pub access: Option<Access>,
    /// Settings of cluster-autoscaler, where written.
    pub cluster_autoscaler: Option<ClusterAutoscaler>,
    /// Settings of metrics-server, where written.
    pub metrics_server: Option<MetricsServer>,
    /// Bounds past which a plan is refused.
    pub guards: Guards,
    /// Warnings that are silenced.
    pub accept: Vec<Accept>,
    /// The pools, sorted by team and key.
    pub pools: Vec<Pool>,
    /// Warnings about the file; those that `[[accept]]` silences are left out.
    #[serde(skip)]
    pub warnings: Vec<Diagnostic>,
    /// What is valid but has no effect yet.
    #[serde(skip)]
    pub unsupported: Vec<Unsupported>,
}

impl Config {
    /// Parses, merges and validates a `kmax.toml`.
    ///
    /// `source_name` stands in messages. `files` returns the text of a file that the config names, by
    /// the path as it is written there, or says why it can't.
    ///
    /// # Errors
    /// Every error found, each with its place, and the warnings beside them.
    pub fn parse(
        source_name: &str,
        text: &str,
        files: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Self, ConfigError> {
        crate::resolve::config(source_name, text, files)
    }

    /// The pool of this id.
    pub fn pool(&self, id: &PoolId) -> Option<&Pool> {
        self.pools.iter().find(|pool| pool.id == *id)
    }

    /// The reason with which the warning of this rule is silenced.
    pub fn accepted(&self, rule: &str) -> Option<&str> {
        self.accept.iter().find(|accept| accept.rule == rule).map(|accept| accept.reason.as_str())
    }
}

/// `[cluster]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cluster {
    /// The EKS cluster's name.
    pub name: String,
    /// The AWS region.
    pub region: String,
    /// The AWS account, 12 digits.
    pub account: String,
    /// The Kubernetes minor that the cluster should run, `1.34`.
    pub version: Option<String>,
    /// The control plane's IAM role.
    pub role: String,
    /// The VPC's id.
    pub vpc: String,
    /// Subnets, ids or values of the tag Name, in the order written.
    pub subnets: Vec<String>,
    /// Security groups of the control plane, ids or names, in the order written.
    pub security_groups: Vec<String>,
    /// The pattern of a pool's name.
    pub pool_name: String,
    /// The stack that this file is.
    pub stack: String,
    /// How the cluster maps IAM principals, for `ensure`.
    pub authentication_mode: Option<AuthenticationMode>,
    /// Where the API endpoint answers, for `ensure`.
    pub endpoint_access: Option<EndpointAccess>,
    /// Who may reach the public endpoint, for `ensure`.
    pub public_access_cidrs: Option<Vec<String>>,
    /// Control plane logs that are written, for `ensure`.
    pub logging: Option<Vec<ControlPlaneLog>>,
}

/// `[legacy]`: the system the cluster must reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Legacy {
    /// Its VPC.
    pub vpc: Option<String>,
    /// Its subnets.
    pub subnets: Vec<String>,
}

/// A setting whose default speaks where nothing is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value in force.
    pub value: T,
    /// Whether the file says it.
    pub written: bool,
}

impl<T: Serialize> Serialize for Setting<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

/// `[manage]`: what kmax may write beside the pools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manage {
    /// The cluster.
    pub cluster: Setting<EnsureMode>,
    /// Roles, instance profile and their policies.
    pub iam: Setting<EnsureMode>,
    /// Security groups.
    pub security_groups: Setting<EnsureMode>,
    /// The access entry or aws-auth row of the node role.
    pub node_access: Setting<NodeAccessMode>,
    /// Labels of nodes that are running.
    pub node_labels: Setting<SwitchMode>,
    /// cluster-autoscaler.
    pub cluster_autoscaler: Setting<ManageMode>,
    /// metrics-server.
    pub metrics_server: Setting<InstallMode>,
}

/// `[base]`: the nodegroup whose template is the base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Base {
    /// The managed nodegroup's name.
    pub nodegroup: String,
    /// Whether that nodegroup is kept at 0.
    pub park: bool,
}

/// `[user_data.NAME]`: a free part of the user data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserDataPart {
    /// The file that the text comes from; none where it is inline.
    pub script: Option<String>,
    /// The text.
    pub content: String,
}

/// `[cluster_autoscaler]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClusterAutoscaler {
    /// The version; by default the newest known patch of the cluster's minor.
    pub version: Option<String>,
    /// How it gets its AWS permissions.
    pub identity: Identity,
    /// Flags by name, each with its values.
    pub flags: BTreeMap<String, Vec<String>>,
}

/// How cluster-autoscaler gets its AWS permissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// Through the worker role, by instance metadata.
    Node,
    /// Through an EKS Pod Identity association with this role.
    PodIdentity(String),
    /// Through the cluster's OIDC provider and this role.
    Irsa(String),
}

/// `[metrics_server]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MetricsServer {
    /// The version.
    pub version: Option<String>,
}

/// `[guards]`: bounds past which a plan is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Guards {
    /// How many pools a plan may delete.
    pub pools_destroyed: u32,
    /// How many nodes a plan may terminate.
    pub nodes_terminated: u32,
}

/// One `[[accept]]`: a warning that is silenced, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accept {
    /// The rule's code.
    pub rule: String,
    /// Why that is fine here.
    pub reason: String,
}

/// Something valid that this version of kmax gives no effect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// The key that asks for it.
    pub key_path: KeyPath,
    /// Whether the file says it; otherwise only its default speaks.
    pub written: bool,
    /// Where it is written; where only a default speaks, the table it would stand in, or the start.
    pub place: Place,
    /// What has no effect.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}
