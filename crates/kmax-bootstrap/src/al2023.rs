//! Amazon Linux 2023: nodeadm reads a NodeConfig from a MIME part.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::yaml::quote;
use crate::{
    BootstrapError, ClusterFacts, Family, KubeletSettings, NodeSpec, Part, Taint, TaintEffect,
    UserData, decode, mime, yaml,
};

/// The content type of the part that nodeadm reads.
const NODE_CONFIG: &str = "application/node.eks.aws";
const API_VERSION: &str = "node.eks.aws/v1alpha1";
const KIND: &str = "NodeConfig";
/// The kubelet's flag for labels, which its configuration has no field for.
const NODE_LABELS: &str = "--node-labels=";

/// Amazon Linux 2023, whose images join a cluster by nodeadm.
///
/// The user data is a MIME message with one part, a NodeConfig. Labels are the kubelet's flag
/// `--node-labels`, for its configuration has no field for them; taints are `registerWithTaints`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Al2023;

impl Family for Al2023 {
    fn name(&self) -> &'static str {
        "al2023"
    }

    fn render(&self, spec: &NodeSpec) -> Result<UserData, BootstrapError> {
        spec.check()?;
        let parts = vec![Part::new(
            mime::name_of(NODE_CONFIG),
            NODE_CONFIG,
            write_node_config(spec).as_bytes(),
        )];
        UserData::new(mime::write(&parts), parts)
    }

    fn parse(&self, bytes: &[u8]) -> Result<NodeSpec, BootstrapError> {
        let parts = decode(bytes)?;
        let Some(config) = parts.iter().find(|part| part.content_type == NODE_CONFIG) else {
            let found: Vec<String> = parts
                .iter()
                .map(|Part { name, content_type, .. }| format!("`{name}` ({content_type})"))
                .collect();
            let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
            return Err(BootstrapError::NoNodeConfig { found });
        };
        if let Some(foreign) = parts.iter().find(|part| part.name != config.name) {
            return Err(BootstrapError::ForeignPart {
                name: foreign.name.clone(),
                content_type: foreign.content_type.clone(),
            });
        }
        read_node_config(&config.content)
    }
}

fn write_node_config(spec: &NodeSpec) -> String {
    let NodeSpec { cluster, cluster_dns, labels, taints, kubelet } = spec;
    let ClusterFacts { name, endpoint, certificate_authority, service_cidr } = cluster;
    let KubeletSettings { max_pods, kube_reserved, system_reserved, eviction_hard } = kubelet;

    let mut config = String::new();
    if let Some(max_pods) = max_pods {
        config.push_str(&format!("      maxPods: {max_pods}\n"));
    }
    write_map(&mut config, "kubeReserved", kube_reserved);
    write_map(&mut config, "systemReserved", system_reserved);
    write_map(&mut config, "evictionHard", eviction_hard);
    if !cluster_dns.is_empty() {
        config.push_str("      clusterDNS:\n");
        for address in cluster_dns {
            config.push_str(&format!("        - {}\n", quote(address)));
        }
    }
    if !taints.is_empty() {
        config.push_str("      registerWithTaints:\n");
        for Taint { key, value, effect } in taints {
            config.push_str(&format!(
                "        - key: {}\n          value: {}\n          effect: {effect}\n",
                quote(key),
                quote(value)
            ));
        }
    }

    let mut text = format!(
        "apiVersion: {API_VERSION}\nkind: {KIND}\nspec:\n  cluster:\n    name: {}\n    \
         apiServerEndpoint: {}\n    certificateAuthority: {}\n    cidr: {}\n",
        quote(name),
        quote(endpoint),
        quote(certificate_authority),
        quote(service_cidr),
    );
    if !config.is_empty() || !labels.is_empty() {
        text.push_str("  kubelet:\n");
    }
    if !config.is_empty() {
        text.push_str("    config:\n");
        text.push_str(&config);
    }
    if !labels.is_empty() {
        let labels: Vec<String> =
            labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let flag = format!("{NODE_LABELS}{}", labels.join(","));
        text.push_str(&format!("    flags:\n      - {}\n", quote(&flag)));
    }
    text
}

fn write_map(config: &mut String, name: &str, map: &BTreeMap<String, String>) {
    if map.is_empty() {
        return;
    }
    config.push_str(&format!("      {name}:\n"));
    for (key, value) in map {
        // The keys are names of resources and signals, plain words to every reader of YAML.
        config.push_str(&format!("        {key}: {}\n", quote(value)));
    }
}

fn read_node_config(text: &str) -> Result<NodeSpec, BootstrapError> {
    let mut document = Node::root(yaml::read(text)?).object()?;
    for (key, expected) in [("apiVersion", API_VERSION), ("kind", KIND)] {
        let node = document.required(key)?;
        let path = node.path.clone();
        let found = node.text()?;
        if found != expected {
            return Err(invalid(path, format!("is `{found}`, not `{expected}`")));
        }
    }
    let mut spec = document.required("spec")?.object()?;
    document.end()?;

    let mut cluster = spec.required("cluster")?.object()?;
    let mut node_spec = NodeSpec {
        cluster: ClusterFacts {
            name: cluster.required("name")?.text()?,
            endpoint: cluster.required("apiServerEndpoint")?.text()?,
            certificate_authority: cluster.required("certificateAuthority")?.text()?,
            service_cidr: cluster.required("cidr")?.text()?,
        },
        ..NodeSpec::default()
    };
    cluster.end()?;
    if let Some(kubelet) = spec.optional("kubelet") {
        read_kubelet(kubelet.object()?, &mut node_spec)?;
    }
    spec.end()?;
    Ok(node_spec)
}

fn read_kubelet(mut kubelet: Object, spec: &mut NodeSpec) -> Result<(), BootstrapError> {
    if let Some(config) = kubelet.optional("config") {
        let mut config = config.object()?;
        spec.kubelet = KubeletSettings {
            max_pods: config.optional("maxPods").map(Node::count).transpose()?,
            kube_reserved: read_map(&mut config, "kubeReserved")?,
            system_reserved: read_map(&mut config, "systemReserved")?,
            eviction_hard: read_map(&mut config, "evictionHard")?,
        };
        if let Some(addresses) = config.optional("clusterDNS") {
            spec.cluster_dns =
                addresses.list()?.into_iter().map(Node::text).collect::<Result<_, _>>()?;
        }
        if let Some(taints) = config.optional("registerWithTaints") {
            spec.taints = taints.list()?.into_iter().map(read_taint).collect::<Result<_, _>>()?;
        }
        config.end()?;
    }
    if let Some(flags) = kubelet.optional("flags") {
        for flag in flags.list()? {
            let path = flag.path.clone();
            let flag = flag.text()?;
            let Some(labels) = flag.strip_prefix(NODE_LABELS) else {
                return Err(BootstrapError::ForeignField { path: format!("{path}: {flag}") });
            };
            read_labels(&path, labels, &mut spec.labels)?;
        }
    }
    kubelet.end()
}

fn read_labels(
    path: &str,
    text: &str,
    labels: &mut BTreeMap<String, String>,
) -> Result<(), BootstrapError> {
    for label in text.split(',').filter(|label| !label.is_empty()) {
        let (key, value) = label
            .split_once('=')
            .ok_or_else(|| invalid(path, format!("has the label `{label}`, not a key=value")))?;
        labels.insert(key.trim().to_owned(), value.to_owned());
    }
    Ok(())
}

fn read_taint(node: Node) -> Result<Taint, BootstrapError> {
    let mut taint = node.object()?;
    let key = taint.required("key")?.text()?;
    let value = taint.optional("value").map_or_else(|| Ok(String::new()), Node::text)?;
    let effect = taint.required("effect")?;
    let path = effect.path.clone();
    let word = effect.text()?;
    let effect = TaintEffect::ALL
        .into_iter()
        .find(|effect| effect.as_str() == word)
        .ok_or_else(|| invalid(path, format!("is `{word}`, not an effect of taints")))?;
    taint.end()?;
    Ok(Taint { key, value, effect })
}

fn read_map(object: &mut Object, key: &str) -> Result<BTreeMap<String, String>, BootstrapError> {
    let Some(node) = object.optional(key) else {
        return Ok(BTreeMap::new());
    };
    let Object { path, fields } = node.object()?;
    fields
        .into_iter()
        .map(|(key, value)| {
            let node = Node { path: format!("{path}.{key}"), value };
            Ok((key, node.text()?))
        })
        .collect()
}

/// A value of the document, with the path to it.
struct Node {
    path: String,
    value: Value,
}

/// A mapping of the document whose fields are taken out as they are read, so that what is left over
/// is known to be foreign.
struct Object {
    path: String,
    fields: Map<String, Value>,
}

impl Node {
    fn root(value: Value) -> Self {
        Self { path: String::new(), value }
    }

    fn object(self) -> Result<Object, BootstrapError> {
        match self.value {
            Value::Object(fields) => Ok(Object { path: self.path, fields }),
            _ if self.path.is_empty() => Err(invalid("document", "is not a mapping")),
            _ => Err(invalid(self.path, "is not a mapping")),
        }
    }

    fn list(self) -> Result<Vec<Node>, BootstrapError> {
        let Self { path, value } = self;
        match value {
            Value::Array(items) => Ok(items
                .into_iter()
                .enumerate()
                .map(|(index, value)| Node { path: format!("{path}[{index}]"), value })
                .collect()),
            _ => Err(invalid(path, "is not a list")),
        }
    }

    /// Returns a text; a number stands for its digits, as in `cpu: 1`.
    fn text(self) -> Result<String, BootstrapError> {
        match self.value {
            Value::String(text) => Ok(text),
            Value::Number(number) => Ok(number.to_string()),
            _ => Err(invalid(self.path, "is not a text")),
        }
    }

    fn count(self) -> Result<u32, BootstrapError> {
        let number = self.value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| invalid(self.path, "is not a number of pods"))
    }
}

impl Object {
    /// Takes a field out, unless it is absent or null.
    fn optional(&mut self, key: &str) -> Option<Node> {
        let value = self.fields.remove(key).filter(|value| !value.is_null())?;
        Some(Node { path: self.path_of(key), value })
    }

    fn required(&mut self, key: &str) -> Result<Node, BootstrapError> {
        self.optional(key).ok_or_else(|| invalid(self.path_of(key), "is missing"))
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Refuses what nothing has taken out.
    fn end(self) -> Result<(), BootstrapError> {
        match self.fields.keys().next() {
            None => Ok(()),
            Some(key) => Err(BootstrapError::ForeignField { path: self.path_of(key) }),
        }
    }
}

fn invalid(path: impl Into<String>, problem: impl Into<String>) -> BootstrapError {
    BootstrapError::InvalidField { path: path.into(), problem: problem.into() }
}
