//! The lock: one apply per cluster and stack at a time.
//!
//! It lies in AWS as a launch template. Its name is unique per region, so creating it is
//! test-and-set; its id is never used again, so of several that find it expired only one deletes
//! it. Its tags say who holds it, since when, until when and for which plan.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kmax_cloud::{Aws, Clock, CloudError, ErrorClass, ops};
use kmax_model::{ClusterRef, Digest, LaunchTemplate, MetadataOptions, TAG_LOCK, TemplateData};
use thiserror::Error;

/// Seconds for which a lock holds without being renewed.
pub const LOCK_TTL: u64 = 300;
/// Seconds after which it is renewed.
const RENEW_AFTER: u64 = 60;
/// Seconds before its end from which nothing is written any more.
const MARGIN: u64 = 30;
/// How often an expired lock is tried to be taken over before another is said to hold it.
const ATTEMPTS: u32 = 3;

/// How often, and how far apart, a lock that EC2 does not see is tried to be given back.
const RELEASES: u32 = 5;
const RELEASE_PAUSE: Duration = Duration::from_millis(500);

const TAG_WHO: &str = "kmax:lock-who";
const TAG_SINCE: &str = "kmax:lock-since";
const TAG_UNTIL: &str = "kmax:lock-until";
const TAG_PLAN: &str = "kmax:lock-plan";

/// The lock could not be had, or was lost.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LockError {
    /// Another apply holds it.
    #[error("an apply of {who} holds the lock of this cluster and stack")]
    Held {
        /// Who.
        who: String,
        /// Seconds since 1970, where the lock says so.
        since: Option<u64>,
        /// Seconds since 1970 at which it ends unless renewed, where the lock says so.
        until: Option<u64>,
    },
    /// It could not be renewed in time, or somebody took it away.
    #[error("the lock of this apply was lost: {why}")]
    Lost {
        /// Why.
        why: String,
    },
    /// AWS refused.
    #[error("the lock can't be taken: {0}")]
    Cloud(CloudError),
}

impl LockError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Held { until: Some(_), .. } => Some(
                "wait until that apply has ended; the lock of one that died ends by itself, five \
                 minutes after it was last renewed"
                    .to_owned(),
            ),
            Self::Held { until: None, .. } => Some(
                "the lock does not say when it ends: where no apply runs, delete the launch template \
                 kmax-lock/CLUSTER/STACK by hand"
                    .to_owned(),
            ),
            Self::Lost { .. } => Some("run apply again: it goes on from there".to_owned()),
            Self::Cloud(error) => error.hint(),
        }
    }
}

/// Returns the name of the launch template that is the lock.
pub fn lock_name(cluster: &ClusterRef) -> String {
    format!("kmax-lock/{}/{}", cluster.name, cluster.stack)
}

/// A lock that is held.
pub struct ApplyLock {
    aws: Aws,
    clock: Arc<dyn Clock>,
    id: String,
    lease: Mutex<Lease>,
    renewing: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy)]
struct Lease {
    renewed_at: u64,
    until: u64,
}

impl ApplyLock {
    /// Takes the lock, or says who holds it.
    pub async fn acquire(
        aws: &Aws,
        clock: Arc<dyn Clock>,
        cluster: &ClusterRef,
        who: &str,
        plan: &Digest,
    ) -> Result<Self, LockError> {
        let name = lock_name(cluster);
        for _ in 0..ATTEMPTS {
            let now = clock.now();
            let lease = Lease { renewed_at: now, until: now + LOCK_TTL };
            match create(aws, &name, cluster, who, plan, lease).await {
                Ok(template) => {
                    return Ok(Self {
                        aws: aws.clone(),
                        clock,
                        id: template.id,
                        lease: Mutex::new(lease),
                        renewing: tokio::sync::Mutex::default(),
                    });
                }
                Err(error) if error.class == ErrorClass::AlreadyExists => {}
                Err(error) => return Err(LockError::Cloud(error)),
            }
            match find(aws, &name).await.map_err(LockError::Cloud)? {
                // Released between the two calls.
                None => {}
                Some(template) => clear_expired(aws, &template, now).await?,
            }
        }
        let held = find(aws, &name).await.map_err(LockError::Cloud)?;
        Err(held.map_or(
            LockError::Held { who: "somebody".to_owned(), since: None, until: None },
            |template| held_by(&template),
        ))
    }

    /// Returns the lock's id, which is new in each run.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn lease(&self) -> Lease {
        *self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renews the lock when it is time, and fails where it no longer holds.
    pub async fn hold(&self) -> Result<(), LockError> {
        if self.clock.now() < self.lease().renewed_at + RENEW_AFTER {
            return Ok(());
        }
        let _one_at_a_time = self.renewing.lock().await;
        let now = self.clock.now();
        let lease = self.lease();
        if now < lease.renewed_at + RENEW_AFTER {
            return Ok(());
        }
        if now >= lease.until {
            return Err(LockError::Lost { why: "it was not renewed in time".to_owned() });
        }
        let next = Lease { renewed_at: now, until: now + LOCK_TTL };
        let tags = BTreeMap::from([(TAG_UNTIL.to_owned(), next.until.to_string())]);
        match self.aws.create_tags(ops::CreateTags { resource: self.id.clone(), tags }).await {
            Ok(()) => {
                *self.lease.lock().unwrap_or_else(PoisonError::into_inner) = next;
                Ok(())
            }
            Err(error) if error.class == ErrorClass::NotFound => {
                Err(LockError::Lost { why: "somebody removed it".to_owned() })
            }
            // It holds for a while yet; the next call tries again.
            Err(_) if now + MARGIN < lease.until => Ok(()),
            Err(error) => Err(LockError::Lost { why: error.to_string() }),
        }
    }

    /// Gives the lock back. One that can't be given back ends by itself.
    pub async fn release(self) -> Result<(), CloudError> {
        for _ in 0..RELEASES {
            let input = ops::DeleteLaunchTemplate { template_id: self.id.clone() };
            match self.aws.delete_launch_template(input).await {
                // Gone, or made so lately that EC2 does not see it everywhere yet.
                Err(error) if error.class == ErrorClass::NotFound => {
                    tokio::time::sleep(RELEASE_PAUSE).await;
                }
                answer => return answer,
            }
        }
        Ok(())
    }
}

async fn create(
    aws: &Aws,
    name: &str,
    cluster: &ClusterRef,
    who: &str,
    plan: &Digest,
    lease: Lease,
) -> Result<LaunchTemplate, CloudError> {
    let tags = BTreeMap::from([
        (TAG_LOCK.to_owned(), format!("{}/{}", cluster.name, cluster.stack)),
        (TAG_WHO.to_owned(), who.to_owned()),
        (TAG_SINCE.to_owned(), lease.renewed_at.to_string()),
        (TAG_UNTIL.to_owned(), lease.until.to_string()),
        (TAG_PLAN.to_owned(), plan.to_string()),
    ]);
    // EC2 refuses empty data. Nothing launches from this.
    let metadata =
        MetadataOptions { http_tokens: Some("required".to_owned()), ..MetadataOptions::default() };
    let data = TemplateData { metadata, ..TemplateData::default() };
    // The token must be this run's alone: two that shared it would both get the lock. The standard
    // library seeds each `RandomState` anew.
    let nonce = std::collections::hash_map::RandomState::new().build_hasher().finish();
    let input = ops::CreateLaunchTemplate {
        name: name.to_owned(),
        description: "kmax lock".to_owned(),
        data,
        tags,
        client_token: format!("kmax-lock-{nonce:016x}-{}", std::process::id()),
    };
    aws.create_launch_template(input).await
}

async fn find(aws: &Aws, name: &str) -> Result<Option<LaunchTemplate>, CloudError> {
    let input = ops::DescribeLaunchTemplates { names: vec![name.to_owned()], ..Default::default() };
    let page = aws.describe_launch_templates(input).await?;
    Ok(page.items.into_iter().find(|template| template.name == name))
}

fn time(template: &LaunchTemplate, tag: &str) -> Option<u64> {
    template.tags.get(tag)?.parse().ok()
}

fn held_by(template: &LaunchTemplate) -> LockError {
    LockError::Held {
        who: template.tags.get(TAG_WHO).cloned().unwrap_or_else(|| "somebody".to_owned()),
        since: time(template, TAG_SINCE),
        until: time(template, TAG_UNTIL),
    }
}

/// Deletes a lock that has expired, by its id: of several that try, one succeeds.
async fn clear_expired(aws: &Aws, template: &LaunchTemplate, now: u64) -> Result<(), LockError> {
    // A lock that does not say when it ends is somebody's to look at.
    if time(template, TAG_UNTIL).is_none_or(|until| now < until) {
        return Err(held_by(template));
    }
    let input = ops::DeleteLaunchTemplate { template_id: template.id.clone() };
    match aws.delete_launch_template(input).await {
        Err(error) if error.class != ErrorClass::NotFound => Err(LockError::Cloud(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
