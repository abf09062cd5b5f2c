//! User data per AMI family: rendered, parsed and compared. Pure.
//!
//! A [`Family`] turns a [`NodeSpec`] into [`UserData`] and reads it back; the same spec always makes
//! the same bytes. [`decode()`] splits any user data into named parts, whoever wrote it, and
//! [`diff_parts`] says which of them differ. [`allocatable`] computes what the kubelet leaves to
//! pods on a node that boots so, which an autoscaler must know before the first such node exists.

mod al2023;
mod decode;
mod diff;
mod dns;
mod error;
mod family;
mod mime;
mod quantity;
mod reserved;
mod spec;
mod user_data;
mod yaml;

pub use al2023::Al2023;
pub use decode::{decode, decode_base64};
pub use diff::{PartChange, PartChangeKind, diff_parts};
pub use dns::cluster_dns;
pub use error::BootstrapError;
pub use family::{FAMILIES, Family, family};
pub use reserved::{
    Allocatable, allocatable, allocatable_storage, default_kube_reserved_cpu_millis,
    default_kube_reserved_memory_mib, eni_max_pods,
};
pub use spec::{ClusterFacts, KubeletSettings, NodeSpec, Taint, TaintEffect};
pub use user_data::{MAX_USER_DATA_BYTES, Part, UserData};
