//! Errors on the wire: code, message and class of each, and that nothing below retries.

use std::process::Command;
use std::sync::Arc;

use kmax_aws::{AccessKey, Connection, SdkPort};
use kmax_cloud::{Aws, CloudError, ErrorClass, ops};
use kmax_testkit::moto::{self, Fault, FaultKind};

use crate::ground::MotoGround;

async fn describe(aws: &Aws) -> Result<(), CloudError> {
    let input = ops::DescribeAutoScalingGroups::default();
    aws.describe_auto_scaling_groups(input).await.map(|_| ())
}

#[tokio::test]
async fn every_kind_has_its_class() {
    let Some(moto) = moto::server() else { return };
    let ground = MotoGround::new(moto).await;
    let error = |code: &str| Fault::error("autoscaling:DescribeAutoScalingGroups", code);
    let kind = |kind| Fault::once(kind, "autoscaling:DescribeAutoScalingGroups");
    let cases = [
        (kind(FaultKind::Throttle), ErrorClass::Throttled, "Throttling"),
        (kind(FaultKind::Http500), ErrorClass::Unavailable, "InternalFailure"),
        (kind(FaultKind::Http503), ErrorClass::Unavailable, "ServiceUnavailable"),
        (kind(FaultKind::Deny), ErrorClass::Denied, "AccessDenied"),
        (kind(FaultKind::LoseRequest), ErrorClass::Unavailable, "Unreachable"),
        (kind(FaultKind::LoseResponse), ErrorClass::Unavailable, "Unreachable"),
        (error("ResourceContention"), ErrorClass::Unavailable, "ResourceContention"),
        (error("ScalingActivityInProgress"), ErrorClass::InUse, "ScalingActivityInProgress"),
        (error("LimitExceeded"), ErrorClass::Limit, "LimitExceeded"),
        (error("SomethingNew"), ErrorClass::Invalid, "SomethingNew"),
    ];
    for (fault, class, code) in cases {
        ground.account.clear_calls();
        ground.account.fault(&fault);
        let error = describe(&ground.aws).await.unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (class, code), "{}", error.message);
        assert!(!error.message.is_empty(), "{code}");
        // One call, one request: retries are another layer's.
        assert_eq!(ground.account.calls().total, 1, "{code}");
        describe(&ground.aws).await.unwrap();
        ground.account.clear_faults();
    }
}

#[tokio::test]
async fn each_service_has_its_own_words() {
    let Some(moto) = moto::server() else { return };
    let ground = MotoGround::new(moto).await;
    let aws = &ground.aws;
    ground.account.fault(&Fault { count: None, ..Fault::once(FaultKind::Throttle, "*") });
    let codes = [
        aws.get_caller_identity(ops::GetCallerIdentity {}).await.map(|_| ()),
        aws.describe_cluster(ops::DescribeCluster { name: "c".to_owned() }).await.map(|_| ()),
        aws.get_instance_profile(ops::GetInstanceProfile { name: "p".to_owned() })
            .await
            .map(|_| ()),
        aws.get_parameters(ops::GetParameters { names: vec!["/a".to_owned()] }).await.map(|_| ()),
        aws.describe_launch_templates(ops::DescribeLaunchTemplates::default()).await.map(|_| ()),
        describe(aws).await,
    ]
    .map(|answer| answer.unwrap_err())
    .map(|error| {
        assert_eq!(error.class, ErrorClass::Throttled, "{error}");
        error.code
    });
    assert_eq!(
        codes,
        [
            "Throttling",
            "ThrottlingException",
            "Throttling",
            "ThrottlingException",
            "RequestLimitExceeded",
            "Throttling",
        ]
    );
}

#[tokio::test]
async fn nobody_there_is_told_with_its_cause() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let connection = Connection {
        region: Some("us-east-1".to_owned()),
        profile: None,
        endpoint_url: Some(format!("http://{address}")),
        access_key: Some(AccessKey { id: "AKIA".to_owned(), secret: "test".to_owned() }),
    };
    let aws = Aws::new(Arc::new(SdkPort::connect(&connection).await));
    let error = describe(&aws).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Unavailable, "Unreachable"));
    assert!(error.message.contains("Connection refused"), "{}", error.message);
}

#[tokio::test]
async fn a_page_of_html_is_told_with_its_text() {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten().take(1) {
            let mut stream = stream;
            let mut buffer = [0; 16_384];
            let _ = stream.read(&mut buffer);
            let body = "<html>\n<body>Proxy says no</body></html>";
            let _ = write!(
                stream,
                "HTTP/1.1 502 Bad Gateway\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    let connection = Connection {
        region: Some("us-east-1".to_owned()),
        profile: None,
        endpoint_url: Some(format!("http://{address}")),
        access_key: Some(AccessKey { id: "AKIA".to_owned(), secret: "test".to_owned() }),
    };
    let aws = Aws::new(Arc::new(SdkPort::connect(&connection).await));
    let error = describe(&aws).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Unavailable, "HTTP 502"));
    assert!(error.message.contains("Proxy says no"), "{}", error.message);
}

/// The environment belongs to the whole process, so this looks from within another one.
#[test]
fn missing_credentials_are_told() {
    const CHILD: &str = "KMAX_WIRE_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let error = runtime.block_on(async {
            let port = SdkPort::connect(&Connection::to("us-east-1")).await;
            Aws::new(Arc::new(port)).get_caller_identity(ops::GetCallerIdentity {}).await
        });
        println!("{:?}", error.unwrap_err());
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "errors::missing_credentials_are_told", "--nocapture"])
        .env_clear()
        .envs([(CHILD, "1"), ("AWS_EC2_METADATA_DISABLED", "true"), ("HOME", "/nonexistent")])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("class: Denied, code: \"NoCredentials\""), "{text}");
    assert!(text.contains("no AWS credentials could be loaded"), "{text}");
}

/// `AWS_ENDPOINT_URL` and the rest of the default chain, as people set them.
#[test]
fn environment_is_enough() {
    const CHILD: &str = "KMAX_WIRE_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let port = SdkPort::connect(&Connection::default()).await;
            assert_eq!(port.region(), Some("us-east-1"));
            let aws = Aws::new(Arc::new(port));
            let identity = aws.get_caller_identity(ops::GetCallerIdentity {}).await.unwrap();
            println!("account {}", identity.account);
        });
        return;
    }
    let Some(moto) = moto::server() else { return };
    let account = moto.account();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "errors::environment_is_enough", "--nocapture"])
        .env_clear()
        .envs(account.env())
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(&format!("account {}", account.id())), "{text}");
}
