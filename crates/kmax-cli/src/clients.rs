//! Which AWS the commands work on: the real one, or the embedded one.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use kmax_aws::{Connection, SdkPort};
use kmax_cloud::{Aws, AwsPort, OnRetry, RateLimited, RetryPolicy, Retrying};
use kmax_config::Config;
use kmax_sandbox::{SandboxPort, Seed};

use crate::errors::Failure;
use crate::files;
use crate::project::{Paths, Project};
use crate::settings::{Settings, Target};

/// The minor version of the sandbox's cluster where the config names none.
const SANDBOX_VERSION: &str = "1.34";

/// Connects to the AWS that the settings ask for.
///
/// Retries are the outermost layer: a call that is tried again takes a token again. The embedded
/// AWS has no limits to stay below.
pub(crate) async fn connect(
    settings: &Settings,
    project: &Project,
    on_retry: OnRetry,
) -> Result<Aws, Failure> {
    let port: Arc<dyn AwsPort> = match &settings.target {
        Target::Sandbox | Target::SandboxIn(_) => {
            Arc::new(open_sandbox(settings, &project.paths, &project.config)?)
        }
        Target::Aws => {
            let sdk = SdkPort::connect(&Connection::to(&project.config.cluster.region)).await;
            let sdk: Arc<dyn AwsPort> = Arc::new(sdk);
            if settings.unlimited_rate { sdk } else { Arc::new(RateLimited::new(sdk)) }
        }
    };
    Ok(Aws::new(Arc::new(Retrying::new(port, RetryPolicy::default(), on_retry))))
}

/// Returns where the sandbox is kept.
pub(crate) fn sandbox_path(settings: &Settings, paths: &Paths) -> PathBuf {
    match &settings.target {
        Target::SandboxIn(file) => file.clone(),
        Target::Sandbox | Target::Aws => paths.beside(".kmax/sandbox.json"),
    }
}

/// Opens the sandbox; where there is none it is made from the config.
pub(crate) fn open_sandbox(
    settings: &Settings,
    paths: &Paths,
    config: &Config,
) -> Result<SandboxPort, Failure> {
    let path = sandbox_path(settings, paths);
    files::make_folder_of(&path)?;
    Ok(SandboxPort::open(&path, &seed(config))?)
}

/// Returns what a sandbox holds in the beginning: all that the config names.
pub(crate) fn seed(config: &Config) -> Seed {
    let cluster = &config.cluster;
    let mut security_groups = cluster.security_groups.clone();
    let mut instance_profiles = BTreeMap::new();
    let mut images = BTreeMap::new();
    for pool in &config.pools {
        security_groups.extend(pool.security_groups.iter().cloned());
        instance_profiles.insert(pool.instance_profile.clone(), pool.node_role.clone());
        if let Some(id) = &pool.ami.id {
            images.insert(id.clone(), pool.arch);
        }
    }
    security_groups.sort();
    security_groups.dedup();
    Seed {
        account: cluster.account.clone(),
        region: cluster.region.clone(),
        cluster: cluster.name.clone(),
        version: cluster.version.clone().unwrap_or_else(|| SANDBOX_VERSION.to_owned()),
        vpc: cluster.vpc.clone(),
        subnets: cluster.subnets.clone(),
        security_groups,
        instance_profiles,
        images,
    }
}
