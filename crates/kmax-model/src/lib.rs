//! The nouns of kmax: addresses, resources, snapshots, plans and reports. No I/O.

mod address;
mod applied;
mod canonical;
mod catalog;
mod cluster;
mod desired;
mod digest;
mod document;
pub mod fields;
mod group;
mod managed;
mod owner;
mod plan;
mod pool;
mod report;
mod snapshot;
mod template;

pub use address::{Address, Kind, ParseAddressError};
pub use applied::{LastApplied, ParseAppliedError};
pub use catalog::{Image, InstanceType, Offering};
pub use cluster::{ClusterRef, EksCluster, InstanceProfile, SecurityGroup, Subnet};
pub use desired::{DesiredGroup, DesiredPool, DesiredTemplate};
pub use digest::{Digest, short_hash};
pub use document::{
    AcceptedDocument, ChangeDocument, ClusterDocument, PLAN_FORMAT_VERSION, PlanDocument,
    SummaryDocument, UnreadDocument,
};
pub use group::{
    AutoScalingGroup, Distribution, GroupTag, Instance, LaunchSource, MixedInstancesPolicy,
    Override, TemplateRef,
};
pub use managed::Managed;
pub use owner::{
    CA_PREFIX, Owner, Ownership, TAG_APPLIED, TAG_APPLYING, TAG_LOCK, TAG_POOL, TAG_PREFIX,
};
pub use plan::{
    Action, Change, FieldChange, GroupWork, Impact, Notice, Plan, Reason, TemplateVersionWork,
    TemplateWork, Unread, Work,
};
pub use pool::{Arch, CapacityType, ParsePoolIdError, ParseWordError, PoolId};
pub use report::{ApplyReport, ChangeOutcome, Event, Outcome};
pub use snapshot::{Read, ReadFailure, Scope, Snapshot, TemplateState};
pub use template::{
    BlockDevice, LaunchTemplate, MetadataOptions, TemplateData, TemplateVersion,
    VERSION_DESCRIPTION_PREFIX,
};
