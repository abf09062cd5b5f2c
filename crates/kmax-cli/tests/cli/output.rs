use std::io::Read as _;
use std::process::Stdio;

use crate::environment::Environment;

const ESCAPE: char = '\u{1b}';

#[test]
fn colour_is_for_terminals_unless_it_is_asked_for() {
    let mut environment = Environment::locked();
    assert!(!environment.run("plan --sandbox").stdout.contains(ESCAPE));
    assert!(environment.run("plan --sandbox --color always").stdout.contains(ESCAPE));
    assert!(environment.run("plan --sandbox --pool a/b --color always").stdout.contains(ESCAPE));
    environment.set("NO_COLOR", "1");
    assert!(!environment.run("plan --sandbox").stdout.contains(ESCAPE));
}

#[test]
fn colour_changes_nothing_but_colour() {
    let environment = Environment::locked();
    let plain = environment.run("plan --sandbox").stdout;
    let coloured = environment.run("plan --sandbox --color always").stdout;
    let mut text = String::new();
    let mut in_escape = false;
    for c in coloured.chars() {
        match c {
            ESCAPE => in_escape = true,
            'm' if in_escape => in_escape = false,
            _ if in_escape => {}
            _ => text.push(c),
        }
    }
    let lines =
        |text: &str| -> Vec<String> { text.lines().map(|l| l.trim_end().to_owned()).collect() };
    assert_eq!(lines(&text), lines(&plain));
}

#[test]
fn data_are_on_stdout_and_talk_on_stderr() {
    let environment = Environment::locked();
    let run = environment.ok("plan --sandbox --json -o p.json");
    serde_json::from_str::<serde_json::Value>(&run.stdout).expect("JSON");
    assert!(run.stderr.contains("Saved to p.json"), "{run}");
    assert_eq!(environment.ok("plan --sandbox -q -o p.json").stderr, "");
}

/// `kmax schema | head -1`.
#[test]
fn whoever_reads_may_stop() {
    let environment = Environment::empty();
    let mut child = environment
        .command(&["schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kmax runs");
    drop(child.stdout.take());
    let mut stderr = String::new();
    let mut pipe = child.stderr.take().expect("stderr is piped");
    pipe.read_to_string(&mut stderr).expect("stderr can be read");
    assert!(child.wait().expect("kmax ends").success());
    assert_eq!(stderr, "");
}

#[test]
fn schema_and_completions() {
    let environment = Environment::empty();
    let schema = environment.ok("schema").stdout;
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    assert!(schema["properties"]["cluster"].is_object());
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = environment.ok(&format!("completions {shell}")).stdout;
        assert!(script.contains("kmax") && script.contains("drift"), "{shell}");
    }
}

#[test]
fn log_lines() {
    let mut environment = Environment::locked();
    environment.set("KMAX_LOG", "kmax_aws=nonsense");
    let run = environment.run("validate");
    assert_eq!(run.code, Some(64), "{run}");
    assert!(run.stderr.contains("KMAX_LOG"), "{run}");
}
