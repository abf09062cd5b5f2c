//! `kmax.lock`: what specs and images resolved to, frozen per pool.

use std::collections::BTreeMap;

use kmax_model::PoolId;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use toml::de::DeValue;

use crate::config::Config;
use crate::diagnostic::ConfigError;
use crate::document::{Document, Finding, Findings, to_json};
use crate::path::KeyPath;
use crate::pool::{Ami, Pool};
use crate::rules::Rule;
use crate::structure::Structure;
use crate::syntax::is_aws_id;

/// What stands on top of the file.
const HEADER: &str = "# Written by `kmax lock`; reviewed, not edited by hand. It freezes which instance \
                      types and which\n# image each pool of kmax.toml has.\n";

/// The format that this kmax reads and writes.
const FORMAT: u32 = 1;

/// A `kmax.lock`.
///
/// Its serialized form is what a lock digest is taken of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// The format of the file.
    pub format: u32,
    /// The entries by pool.
    pub pools: BTreeMap<PoolId, LockEntry>,
}

/// What one pool resolved to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LockEntry {
    /// What it was resolved from, as [`LockEntry::inputs`] has it.
    #[serde(rename = "for")]
    pub inputs: String,
    /// The image.
    pub image: LockImage,
    /// The instance types, in the order in which the group tries them.
    pub instance_types: Vec<String>,
    /// The size of a node of the first type.
    pub node: LockNode,
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LockImage {
    /// Its id.
    pub id: String,
    /// Its release; none where kmax.toml names the image by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The size of a node, from which Cluster Autoscaler's scale-from-zero tags are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LockNode {
    /// vCPUs.
    #[schemars(range(min = 1))]
    pub vcpus: u32,
    /// Memory, MiB.
    #[schemars(range(min = 1))]
    pub memory_mib: u64,
    /// How many pods its network interfaces have addresses for; the memory reserved for Kubernetes
    /// follows from it.
    #[schemars(range(min = 1))]
    pub eni_max_pods: u32,
}

/// Whether a pool has an entry that fits it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockState<'l> {
    /// The entry was resolved from what the pool says.
    Current(&'l LockEntry),
    /// The entry was resolved from something else; the text says what differs.
    Stale(String, &'l LockEntry),
    /// There is no entry.
    Missing,
}

/// The file as it is written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LockFile {
    format: u32,
    #[serde(default)]
    pools: BTreeMap<String, EntryTable>,
    /// Reserved for the version of the base template.
    #[expect(dead_code, reason = "accepted, so that an older kmax reads a newer file")]
    base: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EntryTable {
    #[serde(rename = "for")]
    inputs: String,
    image: LockImage,
    #[schemars(length(min = 1))]
    instance_types: Vec<String>,
    node: LockNode,
}

impl LockEntry {
    /// What a pool's entry is resolved from, as one line of text.
    pub fn inputs(pool: &Pool) -> String {
        let Ami { family, release, id } = &pool.ami;
        let mut text = format!(
            "{} arch={} capacity_type={} ami={family}",
            pool.spec.definition(),
            pool.arch,
            pool.capacity_type
        );
        if let Some(release) = release {
            text.push_str(&format!(" release={release}"));
        }
        if let Some(id) = id {
            text.push_str(&format!(" id={id}"));
        }
        text
    }
}

impl Default for Lock {
    fn default() -> Self {
        Self { format: FORMAT, pools: BTreeMap::new() }
    }
}

impl Lock {
    /// Parses a `kmax.lock`.
    ///
    /// # Errors
    /// Every error found, each with its place.
    pub fn parse(source_name: &str, text: &str) -> Result<Self, ConfigError> {
        let document = Document::parse(source_name, text)?;
        let mut findings = Findings::new(&document);
        let at = KeyPath::of(["format"]);
        let format = document.value(&at).and_then(|value| value.get_ref().as_integer());
        if let Some(format) = format.filter(|format| format.as_str() != FORMAT.to_string()) {
            let message =
                format!("the lock is of format {format}, this kmax reads format {FORMAT}");
            findings.push(
                Finding::error(Rule::UnsupportedFormat, message)
                    .at(&at)
                    .hint("a newer kmax may read it; else write it anew with `kmax lock`"),
            );
            return Err(findings.into_error());
        }
        let generator = SchemaSettings::draft2020_12().into_generator();
        let schema = generator.into_root_schema_for::<LockFile>().to_value();
        Structure::of(crate::schema::without_null(schema)).check(&mut findings);
        if findings.has_errors() {
            return Err(findings.into_error());
        }
        let whole = to_json(&DeValue::Table(document.root().clone()));
        let file: LockFile = match serde_json::from_value(whole) {
            Ok(file) => file,
            Err(error) => {
                let message = format!("kmax can't read what it checked: {error}");
                findings.push(Finding::error(Rule::Internal, message));
                return Err(findings.into_error());
            }
        };
        let pools = entries(&mut findings, file.pools);
        if findings.has_errors() {
            return Err(findings.into_error());
        }
        Ok(Self { format: file.format, pools })
    }

    /// The file's text. The same lock has the same text.
    pub fn render(&self) -> String {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let mut text = format!("{HEADER}format = {}\n", self.format);
        for (id, LockEntry { inputs, image, instance_types, node }) in &self.pools {
            let LockImage { id: image_id, release, name } = image;
            text.push_str(&format!("\n[pools.{}]\n", quoted(&id.to_string())));
            text.push_str(&format!("for = {}\n", quoted(inputs)));
            let mut parts = vec![format!("id = {}", quoted(image_id))];
            parts.extend(release.iter().map(|release| format!("release = {}", quoted(release))));
            parts.extend(name.iter().map(|name| format!("name = {}", quoted(name))));
            text.push_str(&format!("image = {{ {} }}\n", parts.join(", ")));
            text.push_str("instance_types = [\n");
            for instance_type in instance_types {
                text.push_str(&format!("    {},\n", quoted(instance_type)));
            }
            text.push_str("]\n");
            let LockNode { vcpus, memory_mib, eni_max_pods } = node;
            text.push_str(&format!(
                "node = {{ vcpus = {vcpus}, memory_mib = {memory_mib}, eni_max_pods = {eni_max_pods} }}\n"
            ));
        }
        text
    }

    /// The entry of a pool, and whether it fits.
    pub fn entry(&self, pool: &Pool) -> LockState<'_> {
        let Some(entry) = self.pools.get(&pool.id) else { return LockState::Missing };
        let wanted = LockEntry::inputs(pool);
        if entry.inputs == wanted {
            LockState::Current(entry)
        } else {
            LockState::Stale(difference(&entry.inputs, &wanted), entry)
        }
    }

    /// Entries of pools that the config does not have.
    pub fn surplus<'l>(&'l self, config: &'l Config) -> impl Iterator<Item = &'l PoolId> {
        self.pools.keys().filter(|id| config.pool(id).is_none())
    }
}

/// Which words differ between two texts of inputs.
fn difference(old: &str, new: &str) -> String {
    let words = |text: &str| -> BTreeMap<String, String> {
        text.split(' ')
            .map(|word| {
                let (key, value) = word.split_once('=').unwrap_or((word, ""));
                (key.to_owned(), value.to_owned())
            })
            .collect()
    };
    let (old, new) = (words(old), words(new));
    let keys: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let shown = |value: Option<&String>| value.map_or("(none)", String::as_str).to_owned();
    let differences: Vec<String> = keys
        .into_iter()
        .filter(|key| old.get(*key) != new.get(*key))
        .map(|key| format!("{key} {} -> {}", shown(old.get(key)), shown(new.get(key))))
        .collect();
    differences.join(", ")
}

fn entries(
    findings: &mut Findings<'_, '_>,
    tables: BTreeMap<String, EntryTable>,
) -> BTreeMap<PoolId, LockEntry> {
    let mut entries = BTreeMap::new();
    for (key, EntryTable { inputs, image, instance_types, node }) in tables {
        let at = KeyPath::of(["pools", &key]);
        let error = |message: String| {
            Finding::error(Rule::InvalidLock, message).hint("write the entry anew with `kmax lock`")
        };
        if !is_aws_id("ami-", &image.id) {
            let message = format!("`{}` is not the id of an image", image.id);
            findings.push(error(message).at(&at.key("image").key("id")));
        }
        let mut seen = std::collections::BTreeSet::new();
        for (index, name) in instance_types.iter().enumerate() {
            if !seen.insert(name) {
                let message = format!("the instance type `{name}` stands twice");
                findings.push(error(message).at(&at.key("instance_types").index(index)));
            }
        }
        if instance_types.len() > crate::limits::OVERRIDES {
            let message = format!(
                "{} instance types are named, a group takes {}",
                instance_types.len(),
                crate::limits::OVERRIDES
            );
            findings.push(error(message).at(&at.key("instance_types")));
        }
        match key.parse::<PoolId>() {
            Ok(id) => {
                entries.insert(id, LockEntry { inputs, image, instance_types, node });
            }
            Err(parse_error) => findings.push(error(parse_error.to_string()).at_key(&at)),
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "format = 1\n[cluster]\nname = \"c\"\nregion = \"us-east-1\"\naccount = \
                        \"123456789012\"\nvpc = \"vpc-0a1b2c3d\"\nsubnets = [\"a\"]\n";

    fn config(settings: &str) -> Config {
        let text = format!("{HEAD}[teams.dsp.pools]\n8c64g = {{ {settings} }}\n");
        let config = Config::parse("kmax.toml", &text, &|path| Err(path.to_owned()));
        config.expect("a valid file")
    }

    fn pool(settings: &str) -> Pool {
        config(settings).pools.remove(0)
    }

    fn entry(pool: &Pool) -> LockEntry {
        LockEntry {
            inputs: LockEntry::inputs(pool),
            image: LockImage {
                id: "ami-0a1b2c3d".into(),
                release: Some("1.34.2-20260801".into()),
                name: None,
            },
            instance_types: vec!["r5.2xlarge".into(), "r6i.2xlarge".into()],
            node: LockNode { vcpus: 8, memory_mib: 65536, eni_max_pods: 58 },
        }
    }

    fn lock(pool: &Pool) -> Lock {
        Lock { pools: BTreeMap::from([(pool.id.clone(), entry(pool))]), ..Lock::default() }
    }

    #[test]
    fn reads_what_it_writes() {
        let lock = lock(&pool(""));
        let text = lock.render();
        assert_eq!(Lock::parse("kmax.lock", &text).expect("a valid lock"), lock);
        insta::assert_snapshot!(text);
        assert_eq!(Lock::parse("kmax.lock", &Lock::default().render()), Ok(Lock::default()));
    }

    #[test]
    fn tells_an_entry_that_no_longer_fits() {
        let before = pool("");
        let lock = lock(&before);
        assert!(matches!(lock.entry(&before), LockState::Current(_)));
        let same = pool("max = 3, labels = { a = \"b\" }");
        assert!(matches!(lock.entry(&same), LockState::Current(_)));
        let stale = |settings: &str| match lock.entry(&pool(settings)) {
            LockState::Stale(reason, _) => reason,
            LockState::Current(_) | LockState::Missing => String::new(),
        };
        assert_eq!(stale("arch = \"arm64\""), "arch x86_64 -> arm64");
        assert_eq!(stale("spec = \"8c32g\""), "memory_mib 65536..81920 -> 32768..40960");
        assert_eq!(stale("ami = { id = \"ami-0a1b2c3d\" }"), "id (none) -> ami-0a1b2c3d");
        let other = Pool { id: PoolId::new("adn", "x"), ..before };
        assert_eq!(lock.entry(&other), LockState::Missing);
    }

    #[test]
    fn names_entries_of_pools_that_are_gone() {
        let pool = pool("");
        let mut lock = lock(&pool);
        lock.pools.insert(PoolId::new("3s", "large"), entry(&pool));
        let config = config("");
        assert_eq!(lock.surplus(&config).collect::<Vec<_>>(), [&PoolId::new("3s", "large")]);
    }

    #[test]
    fn says_where_a_lock_is_broken() {
        let error = |text: &str| {
            Lock::parse("kmax.lock", text).expect_err("a broken lock").diagnostics().render()
        };
        let good = lock(&pool("")).render();
        insta::assert_snapshot!(error(&good.replace("vcpus = 8", "vcpu = \"8\"")));
        insta::assert_snapshot!(error(&good.replace("format = 1", "format = 2")));
        insta::assert_snapshot!(error(&good.replace("ami-0a1b2c3d", "ami-x").replace("r6i", "r5")));
        insta::assert_snapshot!(error(&good.replace("dsp/8c64g", "dsp")));
    }
}
