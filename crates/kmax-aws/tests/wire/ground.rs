//! An account of moto as the ground of tests.

use std::sync::Arc;

use async_trait::async_trait;
use kmax_aws::{AccessKey, Connection, SdkPort};
use kmax_cloud::Aws;
use kmax_testkit::conformance::{Ground, Place};
use kmax_testkit::moto::{Account, Moto};
use serde_json::json;

/// The minor version of the cluster.
const VERSION: &str = "1.34";

/// Connects the SDK to an account.
pub(crate) async fn connect(account: &Account) -> Aws {
    let connection = Connection {
        region: Some(account.region().to_owned()),
        profile: None,
        endpoint_url: Some(account.url().to_owned()),
        access_key: Some(AccessKey { id: account.access_key_id(), secret: "test".to_owned() }),
    };
    Aws::new(Arc::new(SdkPort::connect(&connection).await))
}

/// A seeded account and the SDK's port to it.
pub(crate) struct MotoGround {
    pub(crate) account: Account,
    pub(crate) aws: Aws,
    place: Place,
}

impl MotoGround {
    pub(crate) async fn new(moto: &'static Moto) -> Self {
        let account = moto.account();
        let seeded = account.seed(json!({ "version": VERSION }));
        let place = Place {
            account: seeded.account,
            region: seeded.region,
            cluster: seeded.cluster,
            version: VERSION.to_owned(),
            vpc: seeded.vpc,
            subnets: seeded.subnets,
            security_groups: seeded.security_groups,
            instance_profile: seeded.instance_profile,
        };
        let aws = connect(&account).await;
        Self { account, aws, place }
    }
}

#[async_trait]
impl Ground for MotoGround {
    fn aws(&self) -> Aws {
        self.aws.clone()
    }

    fn place(&self) -> Place {
        self.place.clone()
    }

    async fn scale(&self, group: &str, desired: u32) {
        self.account.scale(group, desired);
    }
}
