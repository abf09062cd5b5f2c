//! The suite that every AWS port holds to, on the sandbox in memory and in a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use kmax_cloud::{Aws, ops};
use kmax_sandbox::{Sandbox, SandboxPort, Seed};
use kmax_testkit::conformance::{Ground, Place, run};
use tempfile::TempDir;

struct SandboxGround {
    port: SandboxPort,
    place: Place,
    /// Goes with the ground.
    _folder: Option<TempDir>,
}

impl SandboxGround {
    async fn around(port: SandboxPort, folder: Option<TempDir>) -> Arc<dyn Ground> {
        let place = place(&Aws::new(Arc::new(port.clone()))).await;
        Arc::new(Self { port, place, _folder: folder })
    }
}

async fn place(aws: &Aws) -> Place {
    let seed = Seed::default();
    let subnets = aws.describe_subnets(ops::DescribeSubnets::default()).await;
    let groups = aws.describe_security_groups(ops::DescribeSecurityGroups::default()).await;
    let subnets = subnets.expect("subnets are read").items;
    let groups = groups.expect("security groups are read").items;
    Place {
        account: seed.account,
        region: seed.region,
        cluster: seed.cluster,
        version: seed.version,
        vpc: seed.vpc,
        subnets: subnets.into_iter().map(|s| (s.zone, s.id)).collect(),
        security_groups: groups.into_iter().map(|g| (g.name, g.id)).collect::<BTreeMap<_, _>>(),
        instance_profile: "kmax-worknode".to_owned(),
    }
}

#[async_trait]
impl Ground for SandboxGround {
    fn aws(&self) -> Aws {
        Aws::new(Arc::new(self.port.clone()))
    }

    fn place(&self) -> Place {
        self.place.clone()
    }

    async fn scale(&self, group: &str, desired: u32) {
        let scaled = self.port.with(|sandbox| sandbox.scale(group, desired));
        scaled.expect("the state is read").expect("the group is scaled");
    }
}

#[tokio::test]
async fn in_memory() {
    run(|| SandboxGround::around(Sandbox::default().into_port(), None), &[]).await;
}

#[tokio::test]
async fn in_a_file() {
    let ground = || async {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("sandbox.json");
        let port = SandboxPort::open(&path, &Seed::default()).expect("the file is made");
        SandboxGround::around(port, Some(folder)).await
    };
    run(ground, &[]).await;
}
