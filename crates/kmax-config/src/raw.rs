//! The types that mirror kmax.toml key by key. Their doc comments are the descriptions of the schema.

pub(crate) mod choices;
mod settings;
mod tables;
mod words;

pub(crate) use settings::{KubeletSettings, PoolSettings, TaintEntry, VolumeSettings};
pub(crate) use tables::{
    AcceptTable, AccessTable, AutoscalerTable, BaseTable, ClusterTable, File, GuardsTable,
    LegacyTable, ManageTable, MetricsTable, SpecTable, UserDataTable,
};
pub(crate) use words::{AmiWord, Count, IdentityWord};
