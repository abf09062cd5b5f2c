use std::fs;
use std::sync::Arc;
use std::time::Instant;

use kmax_cloud::{Aws, ErrorClass, ops};
use kmax_model::TemplateData;
use kmax_sandbox::{Fault, FaultKind, SandboxPort, Seed, StoreError, Summary};

/// What a file holds, and the error that it gives.
type Broken<'a> = (&'a [u8], fn(&StoreError) -> bool);

fn template(name: &str) -> ops::CreateLaunchTemplate {
    let data = TemplateData { image_id: Some("ami-1".into()), ..TemplateData::default() };
    ops::CreateLaunchTemplate { name: name.into(), data, ..Default::default() }
}

fn show(port: &SandboxPort) -> Summary {
    port.with(|sandbox| sandbox.show()).expect("the file is read")
}

#[tokio::test]
async fn invocations_follow_one_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep/.kmax/sandbox.json");
    let port = SandboxPort::open(&path, &Seed::default()).expect("made");
    Aws::new(Arc::new(port.clone())).create_launch_template(template("abc")).await.expect("made");
    let before = show(&port);
    drop(port);
    // The seed makes a file and never changes one.
    let other = Seed { account: "000000000000".into(), ..Seed::default() };
    let port = SandboxPort::open(&path, &other).expect("opened");
    assert_eq!(show(&port), before);
    SandboxPort::reset(&path, &other).expect("reset");
    assert_eq!(show(&port).account, "000000000000");
    assert!(show(&port).templates.is_empty());
    fs::remove_file(&path).expect("removed");
    assert_eq!(show(&port).account, "000000000000");
}

#[tokio::test]
async fn two_ports_on_one_file_agree() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sandbox.json");
    let open = || SandboxPort::open(&path, &Seed::default()).expect("opened");
    let ports = [open(), open()];
    let mut tasks = Vec::new();
    for (n, port) in ports.iter().enumerate() {
        let aws = Aws::new(Arc::new(port.clone()));
        tasks.push(tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(async {
                for i in 0..50 {
                    let input = template(&format!("port{n}-{i}"));
                    aws.create_launch_template(input).await.expect("made");
                }
            });
        }));
    }
    for task in tasks {
        task.await.expect("no panic");
    }
    assert_eq!(show(&ports[0]).templates.len(), 100);
    assert_eq!(show(&ports[0]), show(&ports[1]));
    assert_eq!(show(&open()), show(&ports[0]));
    let ids: std::collections::BTreeSet<String> =
        show(&ports[0]).templates.into_iter().map(|t| t.id).collect();
    assert_eq!(ids.len(), 100);
}

#[tokio::test]
async fn what_is_no_sandbox_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sandbox.json");
    drop(SandboxPort::open(&path, &Seed::default()).expect("made"));
    let good = fs::read(&path).expect("read");
    let cut = good[..good.len() / 2].to_vec();
    let header_only = good[..=good.iter().position(|b| *b == b'\n').expect("a line")].to_vec();
    let mut garbled = good.clone();
    garbled[header_only.len() + 2] = b'#';
    let appended = [good.as_slice(), b"nonsense\n"].concat();
    let later = String::from_utf8(good.clone()).expect("text");
    let later = later.replacen("\"format_version\":1", "\"format_version\":2", 1);
    let cases: [Broken<'_>; 9] = [
        (b"", |e| matches!(e, StoreError::Foreign { .. })),
        (b"{}", |e| matches!(e, StoreError::Foreign { .. })),
        (b"my notes\n", |e| matches!(e, StoreError::Foreign { .. })),
        (&[0xff, 0xfe, 0x00], |e| matches!(e, StoreError::Foreign { .. })),
        (&cut, |e| matches!(e, StoreError::CutOff { line: 2, .. })),
        (&header_only, |e| matches!(e, StoreError::CutOff { line: 1, .. })),
        (&garbled, |e| matches!(e, StoreError::Corrupt { line: 2, .. })),
        (&appended, |e| matches!(e, StoreError::Corrupt { line: 3, .. })),
        (later.as_bytes(), |e| matches!(e, StoreError::Version { found: 2, .. })),
    ];
    for (bytes, is_expected) in cases {
        fs::write(&path, bytes).expect("written");
        let error = SandboxPort::open(&path, &Seed::default()).expect_err("refused");
        assert!(is_expected(&error), "{error:?}");
        assert!(error.to_string().contains("sandbox.json") && !error.hint().is_empty());
        assert_eq!(fs::read(&path).expect("read"), bytes);
    }
    SandboxPort::reset(&path, &Seed::default()).expect("reset");
    SandboxPort::open(&path, &Seed::default()).expect("opened");
}

#[tokio::test]
async fn a_file_that_breaks_under_way_is_an_error_of_the_call() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sandbox.json");
    let port = SandboxPort::open(&path, &Seed::default()).expect("made");
    let aws = Aws::new(Arc::new(port));
    let good = fs::read(&path).expect("read");
    fs::write(&path, "gone").expect("written");
    let error = aws.create_launch_template(template("abc")).await.expect_err("refused");
    assert_eq!((error.code.as_str(), error.class), ("SandboxState", ErrorClass::Invalid));
    assert_eq!(fs::read(&path).expect("read"), b"gone");
    fs::write(&path, good).expect("written");
    aws.create_launch_template(template("abc")).await.expect("made");
}

#[tokio::test]
async fn ordered_faults_outlive_an_invocation_and_a_crash_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sandbox.json");
    let open = || SandboxPort::open(&path, &Seed::default()).expect("opened");
    let fault = Fault::new(FaultKind::Crash { done: true }).nth(2);
    open().with(|sandbox| sandbox.add_fault(fault)).expect("written");
    let aws = Aws::new(Arc::new(open()));
    aws.create_launch_template(template("abc")).await.expect("made");
    aws.create_launch_template(template("abd")).await.expect_err("crashed");
    aws.create_launch_template(template("abe")).await.expect_err("still");
    assert_eq!(show(&open()).templates.len(), 2);
    let aws = Aws::new(Arc::new(open()));
    aws.create_launch_template(template("abe")).await.expect("made");
}

#[tokio::test]
async fn a_long_history_is_folded() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sandbox.json");
    let port = SandboxPort::open(&path, &Seed::default()).expect("made");
    let aws = Aws::new(Arc::new(port.clone()));
    let template = aws.create_launch_template(template("abc")).await.expect("made");
    let value = "v".repeat(250);
    let started = Instant::now();
    for n in 0..4_000 {
        let tags = [("n".to_owned(), n.to_string()), ("v".to_owned(), value.clone())].into();
        let input = ops::CreateTags { resource: template.id.clone(), tags };
        aws.create_tags(input).await.expect("tagged");
    }
    println!("4,000 writes took {:?}", started.elapsed());
    let length = fs::metadata(&path).expect("a file").len();
    assert!(length < 1_400_000, "{length} bytes");
    let other = SandboxPort::open(&path, &Seed::default()).expect("opened");
    assert_eq!(show(&other), show(&port));
}

#[tokio::test]
async fn the_dump_tells_accounts_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sandbox.json");
    let port = SandboxPort::open(&path, &Seed::default()).expect("made");
    let dump = || port.with(|sandbox| sandbox.dump()).expect("read");
    let before = dump();
    assert_eq!(before, kmax_sandbox::Sandbox::default().dump());
    let aws = Aws::new(Arc::new(port.clone()));
    aws.create_launch_template(template("abc")).await.expect("made");
    assert_ne!(dump(), before);
    let again = SandboxPort::open(&path, &Seed::default()).expect("opened");
    assert_eq!(again.with(|sandbox| sandbox.dump()).expect("read"), dump());
}
