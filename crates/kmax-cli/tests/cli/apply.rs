use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value;

use crate::environment::{Environment, assert_runs};

/// One change at a time: the order of lines is the same in every run.
const ONE: &str = "--sandbox --parallelism 1";

#[test]
fn a_fresh_plan() {
    let environment = Environment::locked();
    assert_runs!(
        "apply_fresh",
        environment.run(&format!("apply {ONE} --auto-approve")),
        environment.run(&format!("apply {ONE} --auto-approve --wait 5m")),
    );
}

#[test]
fn nobody_to_ask() {
    let environment = Environment::locked();
    assert_runs!(
        "apply_nobody",
        environment.run("apply --sandbox"),
        environment.run("apply --sandbox --json"),
        environment.run("apply gone.json --sandbox --json"),
    );
}

#[test]
fn a_digest() {
    let environment = Environment::locked();
    // The redaction would hide the digest.
    let output = environment.command(&["plan", "--sandbox", "--json"]).output().expect("kmax runs");
    let plan: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let digest = plan["plan_digest"].as_str().expect("a digest");
    environment.edit("max = 60", "max = 61");
    let moved = environment.run(&format!("apply {ONE} --expect {digest}"));
    environment.edit("max = 61", "max = 60");
    let same = environment.run(&format!("apply {ONE} --expect {digest}"));
    assert_runs!("apply_expect", moved, same);
}

#[test]
fn a_plan_of_some_pools_is_applied_without_naming_them_again() {
    let environment = Environment::locked();
    environment.ok("plan --sandbox --pool dsp/8c64g -o some.json");
    environment.ok("apply some.json --sandbox");
    environment.ok("plan --sandbox --pool dsp/8c64g --detailed-exitcode");
    let rest = environment.run("plan --sandbox --detailed-exitcode -q");
    assert_eq!(rest.code, Some(2), "the other pool is still to be made: {}", rest.stdout);
}

#[test]
fn in_part() {
    let environment = Environment::locked();
    environment.ok("sandbox fault CreateAutoScalingGroup=AccessDenied");
    let part = environment.run(&format!("apply {ONE} --auto-approve -q"));
    let rest = environment.run(&format!("apply {ONE} --auto-approve"));
    assert_runs!("apply_part", part, rest);
    environment.ok("plan --sandbox --detailed-exitcode");
}

#[test]
fn nothing_written_is_an_error() {
    let environment = Environment::locked();
    let faults = "CreateLaunchTemplate@2x2=AccessDenied";
    environment.ok(&format!("sandbox fault {faults}"));
    assert_runs!("apply_error", environment.run(&format!("apply {ONE} --auto-approve")));
}

/// Starts an apply that retries one call for a while, and waits until it does.
fn stuck(environment: &Environment) -> (Child, BufReader<ChildStderr>) {
    environment.ok("sandbox fault CreateAutoScalingGroup@1x4=Throttling");
    let mut child = environment
        .command(&["apply", "--sandbox", "--auto-approve", "--parallelism", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kmax runs");
    let mut stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
    let mut line = String::new();
    while !line.contains("trying again") {
        line.clear();
        assert!(stderr.read_line(&mut line).expect("stderr can be read") > 0, "no retry was said");
    }
    (child, stderr)
}

#[test]
fn another_holds_the_lock() {
    let environment = Environment::locked();
    environment.ok("plan --sandbox -o p.json");
    let (mut child, _stderr) = stuck(&environment);
    let held = environment.run("apply p.json --sandbox");
    assert!(child.wait().expect("kmax ends").success());
    // A lock that does not say when it ends is somebody's to look at.
    environment.ok("sandbox create-plain kmax-lock/adx/main c5.large");
    assert_runs!("apply_held", held, environment.run("apply p.json --sandbox"));
}

#[test]
fn events_as_json() {
    let environment = Environment::applied();
    environment.edit("max = 60", "max = 80, kubelet = { max_pods = 58 }");
    environment.ok("sandbox set auto_scaling_group.adn-small-kmax.max=9");
    environment.ok("sandbox fault UpdateAutoScalingGroup=AccessDenied");
    let run = environment.run(&format!("apply {ONE} --auto-approve --json"));
    let lines: Vec<Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    // The plan has a format of its own, tested with `kmax plan --json`.
    let events: Vec<&str> = lines
        .iter()
        .zip(run.stdout.lines())
        .filter(|(json, _)| json["event"] != "plan")
        .map(|(_, line)| line)
        .collect();
    assert_eq!(lines[1]["event"], "plan");
    assert_eq!(lines[1]["plan"]["format_version"], "1.0");
    assert_runs!("apply_json", events.join("\n"));
    assert_eq!(run.code, Some(4), "{run}");
    let refused = {
        environment.edit("\"off\"", "\"verify\"");
        environment.run(&format!("apply {ONE} --auto-approve --json"))
    };
    let last: Vec<&str> = refused.stdout.lines().skip(2).collect();
    assert_runs!("apply_json_refused", last.join("\n"));
    assert_eq!(refused.code, Some(3));
}

/// Ctrl-C: what is in flight ends, nothing else begins, and the next apply goes on.
#[test]
fn cancelled() {
    let environment = Environment::locked();
    let (child, mut stderr) = stuck(&environment);
    let pid = child.id().to_string();
    let killed = Command::new("kill").args(["-INT", &pid]).status().expect("kill runs");
    assert!(killed.success());
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).expect("stderr can be read");
    let output = child.wait_with_output().expect("kmax ends");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{stdout}\n{rest}");
    assert!(rest.contains("Stopping"), "{rest}");
    assert!(stdout.contains("Cancelled: "), "{stdout}");
    environment.ok("apply --sandbox --auto-approve");
    environment.ok("plan --sandbox --detailed-exitcode");
}
