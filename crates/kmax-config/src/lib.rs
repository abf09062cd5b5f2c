//! kmax.toml and kmax.lock: parsed, merged, validated, each error with its place in the file.
//!
//! The crate is pure: it takes text and gives back [`Config`] or a [`ConfigError`] that holds every
//! diagnostic found. Files that the config names are asked for through a closure.
//!
//! The way of a config: text, then a tree of TOML with spans (`document`), then the structural check
//! against the JSON Schema of the types in `raw` (`structure`), then those types, then the merge of
//! built-in values, `[defaults]`, team and pool (`merge`), then the rules (`validate`), then [`Config`].

mod access;
mod config;
mod diagnostic;
mod document;
mod limits;
mod lock;
mod merge;
mod path;
mod pool;
mod raw;
mod resolve;
mod rules;
mod schema;
mod secrets;
mod spec;
mod structure;
mod syntax;
mod toml_errors;
mod unsupported;
mod validate;

pub use access::{Access, AccessGroup, AccessUser};
pub use config::{
    Accept, Base, Cluster, ClusterAutoscaler, Config, Guards, Identity, Legacy, Manage,
    MetricsServer, Setting, Unsupported, UserDataPart,
};
pub use diagnostic::{ConfigError, Diagnostic, Diagnostics, Related, Severity};
pub use kmax_model::{Arch, CapacityType, PoolId};
pub use lock::{Lock, LockEntry, LockImage, LockNode, LockState};
pub use path::{KeyPath, Step};
pub use pool::{Ami, InstanceStore, Kubelet, Place, Pool, Taint, TaintEffect, Volume, VolumeType};
pub use raw::choices::{
    AmiFamily, AuthenticationMode, ControlPlaneLog, EndpointAccess, EnsureMode, InstallMode,
    ManageMode, NodeAccessMode, SwitchMode,
};
pub use rules::Rule;
pub use schema::schema;
pub use spec::{Exclusion, Family, FamilyError, Range, RangeError, Spec};
