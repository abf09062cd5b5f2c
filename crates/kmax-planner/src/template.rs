//! Launch templates: desired against live.

use std::collections::{BTreeMap, BTreeSet};

use kmax_model::fields::{Fields, tag_path};
use kmax_model::{
    Action, Address, Change, DesiredPool, Digest, FieldChange, Impact, Reason, TAG_POOL,
    TemplateData, TemplateState, TemplateVersion, TemplateVersionWork, TemplateWork,
    VERSION_DESCRIPTION_PREFIX, Work,
};
use serde_json::{Value, json};

use crate::ownership::Standing;
use crate::reason::{Base, Source, combine, reason};
use crate::user_data::part_fields;

/// What a pool's last apply left behind, as far as its template tells.
#[derive(Clone, Copy)]
pub(crate) struct History {
    /// The version recorded in `kmax:applied`.
    pub(crate) applied_version: Option<u64>,
    /// The version that the group pins by number.
    pub(crate) pinned_version: Option<u64>,
    /// The config of the pool is the one that was last applied.
    pub(crate) same_config: bool,
    /// The lock entry was resolved for the same spec and image as the last applied one.
    pub(crate) same_lock_inputs: bool,
    /// The last apply was cut off.
    pub(crate) unfinished: bool,
    /// Template and group name the same pool as their owner, so kmax wrote that, not a hand.
    pub(crate) same_pool_tag: bool,
}

impl History {
    /// Returns what brought a change of a field that no hand in the cloud made.
    pub(crate) fn source(self, comes_from_lock: bool) -> Source {
        let same = if comes_from_lock { self.same_lock_inputs } else { self.same_config };
        if same { Source::Upgrade } else { Source::Config }
    }
}

/// The version that a pool's group is to pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Its number, where it exists.
    pub(crate) number: Option<u64>,
    /// The digest of its content.
    pub(crate) content: Digest,
}

impl Target {
    /// Returns the version as a field's value: the number, or the content's digest where the version
    /// is still to be made.
    pub(crate) fn value(&self) -> Value {
        match self.number {
            Some(number) => json!(number.to_string()),
            None => json!(self.content),
        }
    }
}

/// Returns whether a version is one of kmax's that holds just this content.
pub(crate) fn is_version_of(version: &TemplateVersion, data: &TemplateData) -> bool {
    version.data == *data && version.description.starts_with(VERSION_DESCRIPTION_PREFIX)
}

/// Finds a version that holds just the wanted content: the pinned one first, then the one applied
/// last, the default, and the latest.
pub(crate) fn target(
    data: &TemplateData,
    state: Option<&TemplateState>,
    history: History,
) -> Target {
    let content = data.digest();
    let Some(TemplateState { template, versions, failure: _ }) = state else {
        return Target { number: None, content };
    };
    let number = [
        history.pinned_version,
        history.applied_version,
        Some(template.default_version),
        Some(template.latest_version),
    ]
    .into_iter()
    .flatten()
    .find(|number| {
        let fits = |version: &TemplateVersion| is_version_of(version, data);
        versions.get(number).is_some_and(fits)
    });
    Target { number, content }
}

/// Returns the fields of a version's content, user data by their parts.
pub(crate) fn content_fields(data: &TemplateData) -> Fields {
    let mut fields = data.fields();
    if let Some(user_data) = &data.user_data {
        fields.remove("user_data");
        fields.extend(part_fields(user_data));
    }
    fields
}

/// Returns the base of the comparison: the version that kmax applied last, else none.
pub(crate) fn base_version<'a>(
    state: &'a TemplateState,
    history: History,
    target: &Target,
) -> Option<&'a TemplateVersion> {
    let version = state.versions.get(&history.applied_version?)?;
    // The target was found to be of kmax already.
    let is_kmax = target.number == Some(version.number) || version.is_kmax();
    is_kmax.then_some(version)
}

/// Returns whether a template carries its pool's tags, and the version that its group pins holds the
/// wanted content and is the default.
pub(crate) fn is_met(pool: &DesiredPool, state: &TemplateState, pinned: u64) -> bool {
    let TemplateState { template, versions, failure: _ } = state;
    template.default_version == pinned
        && versions.get(&pinned).is_some_and(|version| is_version_of(version, &pool.template.data))
        && pool.owner.tags().iter().all(|(key, value)| template.tags.get(key) == Some(value))
}

/// Compares a pool's template. None is a template as it should be.
pub(crate) fn change(
    pool: &DesiredPool,
    standing: Standing,
    state: Option<&TemplateState>,
    history: History,
    target: &Target,
    has_group: bool,
    old_nodes: u32,
) -> Option<Change> {
    let name = &pool.template.name;
    let address = Address::launch_template(name);
    let Some(state) = state else {
        // A group of ours without its template: the template was deleted by hand.
        let why = if has_group { Reason::Drift } else { Reason::New };
        return Some(create(pool, address, why));
    };
    let template = &state.template;
    let mut fields = Vec::new();
    for (key, wanted) in pool.owner.tags() {
        let (before, after) = (json!(template.tags.get(&key)), json!(wanted));
        if before != after {
            let base = match standing {
                Standing::Ours if key == TAG_POOL && history.same_pool_tag => {
                    Base::Value(before.clone())
                }
                Standing::Ours => Base::Value(after.clone()),
                Standing::Adopted | Standing::Absent => Base::Unknown,
            };
            push(&mut fields, &tag_path(&key), before, &base, after, Source::Config, history);
        }
    }
    let base = base_version(state, history, target);
    let live = history
        .pinned_version
        .and_then(|number| state.versions.get(&number))
        .or_else(|| state.versions.get(&template.default_version));
    let version = match target.number {
        None => {
            let tags = fields.len();
            content_changes(pool, base.or(live), base.is_some(), history, &mut fields);
            let source = version_source(&fields[tags..], history);
            let before = base.or(live).map(|version| version.number.to_string());
            push(
                &mut fields,
                "version",
                json!(before),
                &if base.is_some() { Base::Value(json!(before)) } else { Base::Unknown },
                json!(target.content),
                source,
                history,
            );
            TemplateVersionWork::Make(Box::new(pool.template.data.clone()))
        }
        Some(number) => TemplateVersionWork::Keep { number, content: target.content.clone() },
    };
    // The default follows a version still to be made, so then only a hand's work is worth a word.
    let default = template.default_version;
    let after = target.number.map_or_else(|| json!(target.content), |number| json!(number));
    if target.number.or(history.applied_version).is_some_and(|wanted| wanted != default) {
        let base = history.applied_version.map_or(Base::Unknown, |v| Base::Value(json!(v)));
        let source = history.source(false);
        push(&mut fields, "default_version", json!(default), &base, after, source, history);
    }
    if fields.is_empty() {
        return None;
    }
    let set_tags: BTreeMap<String, String> = pool
        .owner
        .tags()
        .into_iter()
        .filter(|(key, value)| template.tags.get(key) != Some(value))
        .collect();
    let stays_old = if target.number.is_none() { old_nodes } else { 0 };
    Some(finish(Draft {
        address,
        pool,
        action: if standing == Standing::Adopted { Action::Adopt } else { Action::Update },
        reason: None,
        impact: Impact { stays_old, ..Impact::default() },
        fields,
        observed: template.fields(),
        depends_on: BTreeSet::new(),
        work: Work::Template(TemplateWork::Update {
            id: template.id.clone(),
            set_tags,
            version,
            // What another wrote may hold anything: it is never shown.
            previous_user_data: base
                .or(live)
                .filter(|version| version.is_kmax())
                .and_then(|version| version.data.user_data.clone()),
        }),
    }))
}

fn create(pool: &DesiredPool, address: Address, why: Reason) -> Change {
    let data = &pool.template.data;
    let mut after = content_fields(data);
    for (key, value) in pool.owner.tags() {
        after.insert(tag_path(&key), json!(value));
    }
    let field = |(path, after): (String, Value)| FieldChange {
        path,
        before: Value::Null,
        after,
        base: None,
        reason: why,
    };
    finish(Draft {
        address,
        pool,
        action: Action::Create,
        reason: Some(why),
        impact: Impact::default(),
        fields: after.into_iter().map(field).collect(),
        observed: Fields::new(),
        depends_on: BTreeSet::new(),
        work: Work::Template(TemplateWork::Create {
            data: Box::new(data.clone()),
            tags: pool.owner.tags(),
        }),
    })
}

/// Returns what brought a new version: what brought all of its content.
fn version_source(content: &[FieldChange], history: History) -> Source {
    let is_upgrade = |field: &FieldChange| field.reason == Reason::Upgrade;
    if !content.is_empty() && content.iter().all(is_upgrade) {
        Source::Upgrade
    } else {
        history.source(false)
    }
}

/// Returns what brought the version that a group is to pin, by its template's change.
pub(crate) fn source_of(change: Option<&Change>, history: History) -> Source {
    let version = change.and_then(|c| c.fields.iter().find(|field| field.path == "version"));
    match version.map(|field| field.reason) {
        Some(Reason::Upgrade) => Source::Upgrade,
        Some(_) | None => history.source(false),
    }
}

/// Compares the content with that of an immutable version: no hand can have changed it.
fn content_changes(
    pool: &DesiredPool,
    from: Option<&TemplateVersion>,
    is_base: bool,
    history: History,
    fields: &mut Vec<FieldChange>,
) {
    let before = from.map(|version| content_fields(&version.data)).unwrap_or_default();
    let after = content_fields(&pool.template.data);
    for path in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let value = |map: &Fields| map.get(path).cloned().unwrap_or(Value::Null);
        let (before, after) = (value(&before), value(&after));
        if before != after {
            let base = if is_base { Base::Value(before.clone()) } else { Base::Unknown };
            let source = history.source(path == "image_id");
            push(fields, path, before, &base, after, source, history);
        }
    }
}

pub(crate) fn push(
    fields: &mut Vec<FieldChange>,
    path: &str,
    before: Value,
    base: &Base,
    after: Value,
    source: Source,
    history: History,
) {
    let (reason, base) = reason(&before, base, &after, source, history.unfinished);
    fields.push(FieldChange { path: path.to_owned(), before, after, base, reason });
}

/// The parts of a change before its digest.
pub(crate) struct Draft<'a> {
    pub(crate) address: Address,
    pub(crate) pool: &'a DesiredPool,
    pub(crate) action: Action,
    /// None is that of its fields.
    pub(crate) reason: Option<Reason>,
    pub(crate) impact: Impact,
    pub(crate) fields: Vec<FieldChange>,
    pub(crate) observed: Fields,
    pub(crate) depends_on: BTreeSet<Address>,
    pub(crate) work: Work,
}

/// Sorts the fields and adds the digest.
pub(crate) fn finish(draft: Draft<'_>) -> Change {
    let Draft { address, pool, action, reason, impact, mut fields, observed, depends_on, work } =
        draft;
    fields.sort_by(|a, b| a.path.cmp(&b.path));
    let digest = Change::digest_of(&address, action, &depends_on, &fields);
    let reason = reason.unwrap_or_else(|| combine(fields.iter().map(|field| field.reason)));
    Change {
        address,
        pool: pool.id.clone(),
        action,
        reason,
        impact,
        fields,
        observed,
        depends_on,
        digest,
        work,
    }
}
