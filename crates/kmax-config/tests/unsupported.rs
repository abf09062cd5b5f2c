//! What is valid but has no effect yet is named: where it is written, and where only a default speaks.

use kmax_config::{Config, EnsureMode, ManageMode, Unsupported};

const HEAD: &str = r#"format = 1
[cluster]
name = "adx-prod"
region = "us-east-1"
account = "123456789012"
vpc = "vpc-0a1b2c3d4e5f60718"
subnets = ["subnet-0a1b2c3d4e5f60001"]
"#;

const POOLS: &str = "[teams.dsp.pools]\n8c64g = {}\nsmall = {}\n";

const OFF: &str = "[manage]\ncluster = \"off\"\niam = \"off\"\nsecurity_groups = \"off\"\nnode_access = \
                   \"off\"\nnode_labels = \"off\"\ncluster_autoscaler = \"off\"\nmetrics_server = \"off\"\n";

fn parse(text: &str) -> Config {
    Config::parse("kmax.toml", text, &|path| Err(format!("no file {path}")))
        .unwrap_or_else(|error| panic!("{}", error.diagnostics()))
}

fn paths(entries: &[Unsupported], written: bool) -> Vec<String> {
    let chosen = entries.iter().filter(|entry| entry.written == written);
    chosen.map(|entry| entry.key_path.to_string()).collect()
}

#[test]
fn a_default_is_named_and_off_is_silent() {
    let config = parse(&format!("{HEAD}{POOLS}"));
    let all = [
        "manage.cluster",
        "manage.cluster_autoscaler",
        "manage.iam",
        "manage.metrics_server",
        "manage.node_access",
        "manage.node_labels",
        "manage.security_groups",
    ];
    assert_eq!(paths(&config.unsupported, false), all);
    assert_eq!(paths(&config.unsupported, true), [""; 0]);
    let config = parse(&format!("{HEAD}{OFF}{POOLS}"));
    assert_eq!(config.unsupported, []);
}

#[test]
fn what_pools_inherit_is_named_once() {
    let text = format!("{HEAD}{OFF}[defaults]\nami = \"bottlerocket\"\n{POOLS}");
    let config = parse(&text);
    assert_eq!(paths(&config.unsupported, true), ["defaults.ami"]);
    let place = config.unsupported[0].place;
    assert_eq!(
        (text.lines().nth(place.line - 1), place.column),
        (Some("ami = \"bottlerocket\""), 1)
    );
}

#[test]
fn a_default_that_no_pool_has_is_not_named() {
    let pools = POOLS.replace("{}", "{ ami = \"al2023\" }");
    let config = parse(&format!("{HEAD}{OFF}[defaults]\nami = \"al2\"\n{pools}"));
    assert_eq!(config.unsupported, []);
}

#[test]
fn another_stack_verifies_by_default() {
    let config = parse(&format!("{HEAD}stack = \"gpu\"\n{POOLS}"));
    assert_eq!(config.manage.cluster_autoscaler.value, ManageMode::Verify);
    assert_eq!(config.manage.cluster.value, EnsureMode::Verify);
    assert!(!config.manage.cluster_autoscaler.written);
    let config = parse(&format!("{HEAD}{POOLS}"));
    assert_eq!(config.manage.cluster_autoscaler.value, ManageMode::Managed);
}
