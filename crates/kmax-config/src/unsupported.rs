//! What is valid but has no effect yet: `plan` refuses it where the file says it, and warns of it where
//! only its default speaks.

use std::fmt::Display;

use crate::config::{Config, Setting, Unsupported};
use crate::document::Document;
use crate::path::KeyPath;
use crate::pool::{InstanceStore, Pool};
use crate::raw::choices::{
    AmiFamily, EnsureMode, InstallMode, ManageMode, NodeAccessMode, SwitchMode,
};

/// All of it, in the order of the file's places; what only a default says comes last.
pub(crate) fn unsupported(document: &Document<'_>, config: &Config) -> Vec<Unsupported> {
    let mut found = Found { document, all: Vec::new() };
    manage(&mut found, config);
    tables(&mut found);
    for pool in &config.pools {
        settings(&mut found, pool);
    }
    found.all.sort_by(|a, b| {
        let place = |entry: &Unsupported| (!entry.written, entry.place.line, entry.place.column);
        place(a).cmp(&place(b)).then_with(|| a.key_path.cmp(&b.key_path))
    });
    found.all.dedup();
    found.all
}

struct Found<'d, 't> {
    document: &'d Document<'t>,
    all: Vec<Unsupported>,
}

impl Found<'_, '_> {
    fn written(&mut self, path: &KeyPath, message: String, hint: String) {
        let place = self.document.place(self.document.key_span(path).start);
        self.all.push(Unsupported { key_path: path.clone(), written: true, place, message, hint });
    }

    fn default(&mut self, path: &KeyPath, message: String, hint: String) {
        let place = self.document.place(self.document.key_span(&path.parent()).start);
        self.all.push(Unsupported { key_path: path.clone(), written: false, place, message, hint });
    }
}

/// Whether a mode turns the thing off.
trait Mode: Display + Copy {
    fn is_off(self) -> bool;
}

macro_rules! modes {
    ($($mode:ty),+) => {
        $(impl Mode for $mode {
            fn is_off(self) -> bool {
                self == Self::Off
            }
        })+
    };
}

modes!(EnsureMode, NodeAccessMode, SwitchMode, ManageMode, InstallMode);

fn manage(found: &mut Found<'_, '_>, config: &Config) {
    let crate::config::Manage {
        cluster,
        iam,
        security_groups,
        node_access,
        node_labels,
        cluster_autoscaler,
        metrics_server,
    } = &config.manage;
    mode(found, "cluster", *cluster, "the cluster");
    mode(found, "iam", *iam, "roles and the instance profile");
    mode(found, "security_groups", *security_groups, "security groups");
    mode(found, "node_access", *node_access, "the nodes' access to the cluster");
    mode(found, "node_labels", *node_labels, "labels of running nodes");
    mode(found, "cluster_autoscaler", *cluster_autoscaler, "cluster-autoscaler");
    mode(found, "metrics_server", *metrics_server, "metrics-server");
}

fn mode<M: Mode>(found: &mut Found<'_, '_>, key: &str, setting: Setting<M>, what: &str) {
    let Setting { value, written } = setting;
    if value.is_off() {
        return;
    }
    let path = KeyPath::of(["manage", key]);
    if written {
        let message = format!("`manage.{key} = \"{value}\"` is not supported yet");
        found.written(&path, message, format!("write `{key} = \"off\"`, or take the key out"));
    } else {
        let message =
            format!("kmax does not look at {what} yet (`manage.{key}`, by default \"{value}\")");
        found.default(
            &path,
            message,
            format!("see to it yourself; `manage.{key} = \"off\"` says that you do"),
        );
    }
}

fn tables(found: &mut Found<'_, '_>) {
    let take_out = |key: &str| format!("take `[{key}]` out");
    let tables = [
        ("base", "templates derived from a nodegroup's are"),
        ("access", "users, groups and sudo rules are"),
        ("cluster_autoscaler", "installing cluster-autoscaler is"),
        ("metrics_server", "installing metrics-server is"),
    ];
    for (key, what) in tables {
        let path = KeyPath::of([key]);
        if found.document.has(&path) {
            found.written(&path, format!("{what} not supported yet (`[{key}]`)"), take_out(key));
        }
    }
    let document = found.document;
    for (name, _) in document.table(&KeyPath::of(["user_data"])).into_iter().flatten() {
        let path = KeyPath::of(["user_data", name.get_ref()]);
        let message = format!("free parts of the user data are not supported yet (`{path}`)");
        found.written(&path, message, take_out(&path.to_string()));
    }
    for key in ["authentication_mode", "endpoint_access", "public_access_cidrs", "logging"] {
        let path = KeyPath::of(["cluster", key]);
        if document.has(&path) {
            let message = format!("creating a cluster is not supported yet (`{path}`)");
            found.written(&path, message, format!("take `{key}` out"));
        }
    }
}

fn settings(found: &mut Found<'_, '_>, pool: &Pool) {
    if pool.ami.family != AmiFamily::Al2023 {
        let family = pool.ami.family;
        let written = innermost(found.document, pool, &["ami"]);
        let message = format!("images of the family `{family}` are not supported yet");
        found.written(&written, message, "write `ami = \"al2023\"`".to_owned());
    }
    match pool.instance_store {
        InstanceStore::None => {}
        InstanceStore::Raid0 => {
            let written = innermost(found.document, pool, &["instance_store"]);
            let message = "`instance_store = \"raid0\"` is not supported yet".to_owned();
            found.written(&written, message, "write `instance_store = \"none\"`".to_owned());
        }
    }
    if !pool.user_data.is_empty() {
        let written = innermost(found.document, pool, &["user_data"]);
        let message = "free parts of the user data are not supported yet (`user_data`)".to_owned();
        found.written(&written, message, "take `user_data` out".to_owned());
    }
}

/// Where the innermost layer of a pool says a setting.
fn innermost(document: &Document<'_>, pool: &Pool, setting: &[&str]) -> KeyPath {
    let team = KeyPath::of(["teams", &pool.id.team]);
    let layers = [team.key("pools").key(&pool.id.key), team, KeyPath::of(["defaults"])];
    let paths = layers.iter().map(|layer| crate::merge::within(layer, setting));
    paths.into_iter().find(|path| document.has(path)).unwrap_or_else(|| layers[0].clone())
}
