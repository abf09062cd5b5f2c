use std::sync::Arc;

use kmax_cloud::{Aws, ErrorClass, Operation, ops};
use kmax_sandbox::{Fault, FaultKind, Sandbox, SandboxPort};

use crate::world::{World, tags};

fn port() -> (SandboxPort, ops::CreateLaunchTemplate) {
    let mut world = World::new();
    let data = world.data();
    let input = ops::CreateLaunchTemplate { name: "abc".into(), data, ..Default::default() };
    (world.sandbox.into_port(), input)
}

fn templates(port: &SandboxPort) -> usize {
    port.with(|sandbox| sandbox.show().templates.len()).expect("in memory")
}

#[tokio::test]
async fn errors_are_answered_and_nothing_is_done() {
    for class in ErrorClass::ALL {
        let (port, input) = port();
        let fault = Fault::new(FaultKind::of_class(class)).on(Operation::CreateLaunchTemplate);
        let port = port.with_faults([fault]);
        let aws = Aws::new(Arc::new(port.clone()));
        aws.get_caller_identity(ops::GetCallerIdentity {}).await.expect("not struck");
        let answer = aws.create_launch_template(input.clone()).await;
        let error = answer.expect_err("struck");
        // What is not visible yet is so only for groups.
        let expected = match class {
            ErrorClass::NotYet => ErrorClass::Invalid,
            class => class,
        };
        assert_eq!((error.class, templates(&port)), (expected, 0));
        aws.create_launch_template(input).await.expect("struck once");
    }
}

#[tokio::test]
async fn a_lost_answer_was_done() {
    let (port, mut input) = port();
    input.client_token = "t".into();
    let port = port.with_faults([Fault::new(FaultKind::LoseResponse)]);
    let aws = Aws::new(Arc::new(port.clone()));
    let error = aws.create_launch_template(input.clone()).await.expect_err("lost");
    assert_eq!((error.class, templates(&port)), (ErrorClass::Unavailable, 1));
    aws.create_launch_template(input).await.expect("replayed");
    assert_eq!(templates(&port), 1);
}

#[tokio::test]
async fn a_crash_ends_one_user_and_no_other() {
    for done in [false, true] {
        let (port, input) = port();
        let port = port.with_faults([Fault::new(FaultKind::Crash { done }).nth(2)]);
        let aws = Aws::new(Arc::new(port.clone()));
        aws.get_caller_identity(ops::GetCallerIdentity {}).await.expect("the first");
        let error = aws.create_launch_template(input).await.expect_err("crashed");
        assert!(!error.class.is_retried());
        assert_eq!(templates(&port), usize::from(done));
        let answer = aws.get_caller_identity(ops::GetCallerIdentity {}).await;
        assert!(answer.is_err() && port.has_crashed());
        let other = Aws::new(Arc::new(port.sibling()));
        other.get_caller_identity(ops::GetCallerIdentity {}).await.expect("another user");
    }
}

#[tokio::test]
async fn faults_of_the_account_strike_any_user_and_then_are_over() {
    let port = Sandbox::default().into_port();
    let fault: Fault = "GetCallerIdentity@2=Throttling".parse().expect("a fault");
    port.with(|sandbox| sandbox.add_fault(fault)).expect("in memory");
    let call = async |port: SandboxPort| {
        let aws = Aws::new(Arc::new(port));
        aws.get_caller_identity(ops::GetCallerIdentity {}).await.map_err(|e| e.class)
    };
    assert!(call(port.sibling()).await.is_ok());
    assert_eq!(call(port.sibling()).await.expect_err("struck"), ErrorClass::Throttled);
    assert!(call(port.clone()).await.is_ok());
    assert!(port.with(|sandbox| sandbox.faults()).expect("in memory").is_empty());
    port.with(|sandbox| {
        sandbox.add_fault(Fault::new(FaultKind::LoseResponse));
        sandbox.clear_faults();
    })
    .expect("in memory");
    assert!(call(port).await.is_ok());
}

#[tokio::test]
async fn calls_and_writes_are_logged() {
    let (port, input) = port();
    let aws = Aws::new(Arc::new(port.clone()));
    aws.get_caller_identity(ops::GetCallerIdentity {}).await.expect("read");
    let template = aws.create_launch_template(input).await.expect("made");
    let tag = ops::CreateTags { resource: template.id, tags: tags(&[("a", "b")]) };
    aws.create_tags(tag).await.expect("tagged");
    assert_eq!(port.calls().len(), 3);
    let writes: Vec<Operation> = port.writes().iter().map(kmax_cloud::Request::operation).collect();
    assert_eq!(writes, [Operation::CreateLaunchTemplate, Operation::CreateTags]);
    assert!(port.sibling().calls().is_empty());
}
