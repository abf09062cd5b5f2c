//! What has to be read.

use kmax_config::{Config, Lock, LockState};
use kmax_model::Scope;

use crate::images::image_parameters;

/// Returns what a plan has to read.
pub fn scope(config: &Config, lock: &Lock) -> Scope {
    let mut scope = lock_scope(config);
    scope.catalog = false;
    for pool in &config.pools {
        match lock.entry(pool) {
            LockState::Current(entry) => {
                scope.images.insert(entry.image.id.clone());
            }
            LockState::Stale(..) | LockState::Missing => scope.catalog = true,
        }
    }
    scope.instance_profiles = config.pools.iter().map(|p| p.instance_profile.clone()).collect();
    scope.adopt = config.pools.iter().filter(|p| p.adopt).map(|p| p.name.clone()).collect();
    scope.names = config.pools.iter().map(|pool| pool.name.clone()).collect();
    scope
}

/// Returns what resolving the lock has to read.
pub fn lock_scope(config: &Config) -> Scope {
    Scope {
        cluster: config.cluster.name.clone(),
        vpc: config.cluster.vpc.clone(),
        parameters: config
            .pools
            .iter()
            .flat_map(|pool| image_parameters(&pool.ami, pool.arch, "{version}"))
            .collect(),
        images: config.pools.iter().filter_map(|pool| pool.ami.id.clone()).collect(),
        catalog: true,
        ..Scope::default()
    }
}
