//! The composition that all commands share: read, plan, lock, read again, plan again, approve,
//! apply. It prints nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use kmax_applier::{ApplyLock, Cancel, Events};
use kmax_cloud::{Aws, Clock, SystemClock, observe, ops};
use kmax_config::{Config, Lock};
use kmax_model::{
    Address, ApplyReport, ClusterRef, Digest, Event, Notice, Plan, PlanDocument, PoolId, Read,
    Snapshot, TemplateWork, Work,
};
use kmax_planner::{Approval, Options};
use serde_json::Value;

use crate::errors::Failure;
use crate::project::Project;
use crate::settings::Settings;

/// Reads, plans and applies one project on one AWS.
pub(crate) struct Engine {
    aws: Aws,
    clock: Arc<dyn Clock>,
    project: Project,
}

/// A plan with what was read for it.
pub(crate) struct Planned {
    /// The plan.
    pub(crate) plan: Plan,
    /// The plan as it is saved.
    pub(crate) document: PlanDocument,
    /// How many calls were made.
    pub(crate) calls: u32,
    /// Releases of the images that the plan names, by id.
    pub(crate) images: BTreeMap<String, String>,
}

/// What a person or a reviewer approved.
pub(crate) enum Approved {
    /// A plan that was saved, or shown just before.
    Plan(Box<PlanDocument>),
    /// A plan of this digest.
    Digest(Digest),
}

impl Approved {
    /// Returns the digest of the plan.
    pub(crate) fn digest(&self) -> &Digest {
        match self {
            Self::Plan(document) => &document.plan_digest,
            Self::Digest(digest) => digest,
        }
    }

    fn hold_against(&self, fresh: &Plan) -> Approval {
        match self {
            Self::Plan(document) => kmax_planner::approve(document, fresh),
            Self::Digest(digest) => kmax_planner::approve_digest(digest, fresh),
        }
    }
}

/// How a run of apply went.
pub(crate) struct Applied {
    /// The plan that was made anew under the lock.
    pub(crate) planned: Planned,
    /// Changes and plans that were refused.
    pub(crate) refusals: Vec<Notice>,
    /// Approved changes that were done already.
    pub(crate) done_before: BTreeSet<Address>,
    /// What was carried out; none where nothing was to be.
    pub(crate) report: Option<ApplyReport>,
    /// Why the lock could not be given back, where it could not.
    pub(crate) release_error: Option<String>,
}

/// How apply runs.
pub(crate) struct ApplyOptions {
    /// How many changes at once.
    pub(crate) parallelism: Option<usize>,
    /// How long news may take to be seen.
    pub(crate) wait: Option<Duration>,
}

impl Engine {
    /// Puts a project on an AWS.
    pub(crate) fn new(aws: Aws, project: Project) -> Self {
        Self { aws, clock: Arc::new(SystemClock), project }
    }

    /// Returns the project.
    pub(crate) fn project(&self) -> &Project {
        &self.project
    }

    /// Returns the time, RFC 3339.
    pub(crate) fn now(&self) -> String {
        let now = UNIX_EPOCH + Duration::from_secs(self.clock.now());
        humantime::format_rfc3339_seconds(now).to_string()
    }

    /// Reads what a plan needs and plans.
    pub(crate) async fn plan(&self, options: &Options) -> Planned {
        let Project { config, lock, .. } = &self.project;
        let snapshot = observe(&self.aws, &kmax_planner::scope(config, lock)).await;
        let plan = kmax_planner::plan(config, lock, &snapshot, options);
        let document = PlanDocument::of(&plan, env!("CARGO_PKG_VERSION"), &self.now());
        let images = self.releases(&plan, &snapshot).await;
        let calls = snapshot.calls.values().sum();
        Planned { plan, document, calls, images }
    }

    /// Reads what resolving the lock needs.
    pub(crate) async fn read_for_lock(&self) -> Snapshot {
        observe(&self.aws, &kmax_planner::lock_scope(&self.project.config)).await
    }

    /// Plans one pool as though nothing of it lived: its user data, base64, as they would be sent.
    pub(crate) async fn render(&self, pool: &PoolId) -> Result<String, Failure> {
        let Project { config, lock, .. } = &self.project;
        let mut snapshot = observe(&self.aws, &kmax_planner::scope(config, lock)).await;
        snapshot.groups = Read::Got(BTreeMap::new());
        snapshot.templates = Read::Got(BTreeMap::new());
        let options = Options { pools: BTreeSet::from([pool.clone()]), ..Options::default() };
        let plan = kmax_planner::plan(config, lock, &snapshot, &options);
        let rendered = plan.changes.into_iter().find_map(|change| match change.work {
            Work::Template(TemplateWork::Create { data, .. }) => data.user_data,
            Work::Template(TemplateWork::Update { .. } | TemplateWork::Delete { .. })
            | Work::Group(_) => None,
        });
        match rendered {
            Some(user_data) => Ok(user_data),
            None if !plan.refusals.is_empty() => Err(Failure::Refused(plan.refusals)),
            None => Err(unread(&plan.unread)),
        }
    }

    /// Takes the lock, reads again, plans again, holds that against what was approved, and does
    /// what is left.
    pub(crate) async fn apply(
        &self,
        approved: &Approved,
        options: &Options,
        apply_options: &ApplyOptions,
        cancel: &Cancel,
        events: Events,
    ) -> Result<Applied, Failure> {
        self.check_account().await?;
        let cluster = self.cluster();
        let clock = Arc::clone(&self.clock);
        let lock =
            ApplyLock::acquire(&self.aws, clock, &cluster, &Settings::who(), approved.digest())
                .await
                .map_err(Failure::from)?;
        events(Event::Lock { held: true, message: format!("holding {}", lock_words(&cluster)) });
        let mut applied = Applied {
            planned: self.plan(options).await,
            refusals: Vec::new(),
            done_before: BTreeSet::new(),
            report: None,
            release_error: None,
        };
        let plan = &applied.planned.plan;
        if plan.is_applyable() {
            let Approval { allowed, refusals, done } = approved.hold_against(plan);
            applied.refusals = refusals;
            applied.done_before = done;
            if !allowed.is_empty() && !cancel.is_cancelled() {
                let mut settings = kmax_applier::Settings::default();
                if let Some(parallelism) = apply_options.parallelism {
                    settings.parallelism = parallelism;
                }
                if let Some(wait) = apply_options.wait {
                    settings.wait = wait;
                }
                let (aws, events) = (&self.aws, Arc::clone(&events));
                let report =
                    kmax_applier::apply(aws, &lock, plan, &allowed, &settings, cancel, events);
                applied.report = Some(report.await);
            }
        } else {
            applied.refusals.clone_from(&plan.refusals);
        }
        applied.release_error = lock.release().await.err().map(|error| error.to_string());
        Ok(applied)
    }

    /// Taking the lock is a write, and nothing is written in another account.
    async fn check_account(&self) -> Result<(), Failure> {
        let wanted = &self.project.config.cluster.account;
        let identity = self.aws.get_caller_identity(ops::GetCallerIdentity {}).await;
        match identity {
            Ok(identity) if identity.account == *wanted => Ok(()),
            Ok(identity) => {
                Err(Failure::Refused(vec![kmax_planner::wrong_account(&identity.account, wanted)]))
            }
            Err(error) => Err(Failure::Unread(Box::new(Notice {
                address: None,
                rule: "unread".to_owned(),
                message: format!("whose credentials these are could not be read: {error}"),
                hint: error.hint(),
            }))),
        }
    }

    fn cluster(&self) -> ClusterRef {
        let cluster = &self.project.config.cluster;
        ClusterRef {
            name: cluster.name.clone(),
            region: cluster.region.clone(),
            account: cluster.account.clone(),
            stack: cluster.stack.clone(),
        }
    }

    /// Finds the releases of images that fields name: from the lock, from what was read, and of
    /// those that are left with one call more.
    async fn releases(&self, plan: &Plan, snapshot: &Snapshot) -> BTreeMap<String, String> {
        let named: BTreeSet<String> = plan
            .changes
            .iter()
            .flat_map(|change| &change.fields)
            .filter(|field| field.path == "image_id")
            .flat_map(|field| [&field.before, &field.after])
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let mut releases = BTreeMap::new();
        if named.is_empty() {
            return releases;
        }
        for image in self.project.lock.pools.values().map(|entry| &entry.image) {
            if let Some(release) = &image.release {
                releases.insert(image.id.clone(), release.clone());
            }
        }
        // What SSM offers now is a pair of parameters: the image and its release.
        let parameters = snapshot.parameters.got();
        for (name, image) in parameters.into_iter().flatten() {
            let release = name.strip_suffix("/image_id").and_then(|path| {
                parameters.and_then(|known| known.get(&format!("{path}/release_version")))
            });
            if let Some(release) = release {
                releases.insert(image.clone(), release.clone());
            }
        }
        let read = snapshot.images.got().into_iter().flatten();
        let known = read
            .filter_map(|(id, image)| Some((id.clone(), kmax_planner::release_of(&image.name)?)));
        for (id, release) in known {
            releases.entry(id).or_insert(release);
        }
        let ids: Vec<String> =
            named.into_iter().filter(|id| !releases.contains_key(id)).take(200).collect();
        if !ids.is_empty() {
            // Only words depend on it: an image that can't be looked up is shown by its id.
            let page = self.aws.describe_images(ops::DescribeImages { ids, next_token: None });
            for image in page.await.map(|page| page.items).unwrap_or_default() {
                if let Some(release) = kmax_planner::release_of(&image.name) {
                    releases.insert(image.id, release);
                }
            }
        }
        releases
    }
}

fn lock_words(cluster: &ClusterRef) -> String {
    format!("the lock of cluster {}, stack {}", cluster.name, cluster.stack)
}

fn unread(failures: &[kmax_model::ReadFailure]) -> Failure {
    let message = match failures.first() {
        Some(failure) => format!("{} could not be read: {}", failure.source, failure.error),
        None => "what the pool depends on could not be read".to_owned(),
    };
    Failure::Unread(Box::new(Notice {
        address: None,
        rule: "unread".to_owned(),
        message,
        hint: Some("mend that, then run it again".to_owned()),
    }))
}

/// Returns the options of a plan.
pub(crate) fn options(settings: &Settings, allow: &BTreeMap<String, u32>) -> Options {
    Options { pools: settings.pools.clone(), allow: allow.clone() }
}

/// Finds a pool of the config by its id.
pub(crate) fn known_pool<'a>(
    config: &'a Config,
    id: &PoolId,
) -> Result<&'a kmax_config::Pool, Failure> {
    config.pool(id).ok_or_else(|| {
        let mut known: Vec<String> = config.pools.iter().map(|pool| pool.id.to_string()).collect();
        let more = known.len().saturating_sub(10);
        known.truncate(10);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Failure::usage(
            format!("there is no pool `{id}` in the config"),
            format!("there are {}{more}", known.join(", ")),
        )
    })
}

/// Returns whether every pool has an entry that fits, and nothing else has one.
pub(crate) fn lock_gaps(config: &Config, lock: &Lock) -> Vec<Notice> {
    use kmax_config::LockState;
    let notice = |pool: &PoolId, message: String| Notice {
        address: Some(pool.to_string()),
        rule: "not-locked".to_owned(),
        message,
        hint: Some("run `kmax lock` and commit kmax.lock".to_owned()),
    };
    let mut gaps: Vec<Notice> = config
        .pools
        .iter()
        .filter_map(|pool| match lock.entry(pool) {
            LockState::Current(_) => None,
            LockState::Stale(why, _) => {
                Some(notice(&pool.id, format!("the entry is stale: {why}")))
            }
            LockState::Missing => Some(notice(&pool.id, "there is no entry".to_owned())),
        })
        .collect();
    gaps.extend(
        lock.surplus(config).map(|id| {
            notice(id, "the entry is of a pool that the config does not have".to_owned())
        }),
    );
    gaps
}
