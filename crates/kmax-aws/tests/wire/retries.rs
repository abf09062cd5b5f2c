//! Calls that are sent twice: the answer was lost, or the service had asked for patience.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kmax_cloud::{Aws, CloudError, ErrorClass, RetryPolicy, Retrying, ops};
use kmax_model::TemplateData;
use kmax_testkit::conformance::samples;
use kmax_testkit::moto::{self, Fault, FaultKind};

use crate::ground::MotoGround;

/// The ground's port with the layer of retries, which counts them.
fn patient(ground: &MotoGround) -> (Aws, Arc<AtomicU32>) {
    let retries = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&retries);
    let on_retry = Arc::new(move |_: &CloudError, _: Duration| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let policy = RetryPolicy { first_delay: Duration::from_millis(5), ..RetryPolicy::default() };
    let port = Retrying::new(ground.aws.port(), policy, on_retry);
    (Aws::new(Arc::new(port)), retries)
}

fn data() -> TemplateData {
    samples().remove(0).1
}

fn template(name: &str) -> ops::CreateLaunchTemplate {
    ops::CreateLaunchTemplate {
        name: name.to_owned(),
        description: data().description(),
        data: data(),
        tags: [("kmax:cluster".to_owned(), "c".to_owned())].into(),
        client_token: format!("create-{name}"),
    }
}

#[tokio::test]
async fn lost_answers_double_nothing() {
    let Some(moto) = moto::server() else { return };
    let ground = MotoGround::new(moto).await;
    let (aws, retries) = patient(&ground);
    let lose = |operation: &str| {
        ground.account.fault(&Fault::once(FaultKind::LoseResponse, operation));
    };

    lose("CreateLaunchTemplate");
    let made = aws.create_launch_template(template("once")).await.unwrap();
    lose("CreateLaunchTemplateVersion");
    let version = ops::CreateLaunchTemplateVersion {
        template_id: made.id.clone(),
        description: String::new(),
        data: data(),
        client_token: "version".to_owned(),
    };
    assert_eq!(aws.create_launch_template_version(version).await.unwrap().number, 2);
    lose("ModifyLaunchTemplate");
    let modify = ops::ModifyLaunchTemplate {
        template_id: made.id.clone(),
        default_version: 2,
        client_token: "modify".to_owned(),
    };
    aws.modify_launch_template(modify).await.unwrap();
    let all = aws.describe_launch_templates(ops::DescribeLaunchTemplates::default()).await.unwrap();
    let told: Vec<_> =
        all.items.iter().map(|it| (&*it.name, it.default_version, it.latest_version)).collect();
    assert_eq!(told, [("once", 2, 2)]);

    // A deletion has no token: the second try finds nothing, which the caller takes for done.
    lose("DeleteLaunchTemplate");
    let delete = ops::DeleteLaunchTemplate { template_id: made.id };
    let error = aws.delete_launch_template(delete).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::NotFound);
    assert_eq!(retries.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn throttled_calls_are_made_again() {
    let Some(moto) = moto::server() else { return };
    let ground = MotoGround::new(moto).await;
    let (aws, retries) = patient(&ground);
    for kind in [FaultKind::Throttle, FaultKind::Http500, FaultKind::LoseRequest] {
        ground.account.fault(&Fault { count: Some(3), ..Fault::once(kind, "ec2:*") });
        let name = format!("made-{kind:?}");
        let made = aws.create_launch_template(template(&name)).await.unwrap();
        assert_eq!(made.name, name);
        assert_eq!(retries.swap(0, Ordering::Relaxed), 3, "{kind:?}");
    }
    ground.account.fault(&Fault::once(FaultKind::Deny, "ec2:*"));
    let error = aws.create_launch_template(template("denied")).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Denied, "UnauthorizedOperation"));
    assert_eq!(retries.load(Ordering::Relaxed), 0);
}
