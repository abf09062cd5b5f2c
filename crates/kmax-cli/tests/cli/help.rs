use crate::environment::{Environment, assert_runs};

const COMMANDS: [&str; 11] = [
    "init",
    "validate",
    "lock",
    "plan",
    "show",
    "apply",
    "drift",
    "render",
    "schema",
    "completions",
    "sandbox",
];

/// The reference of the command line: the help of every command.
#[test]
fn reference() {
    let environment = Environment::empty();
    let mut text = environment.ok("--help").to_string();
    for command in COMMANDS {
        let help = environment.ok(&format!("{command} --help"));
        // What all commands share stands once.
        let own = help.stdout.split("\nGlobal options:").next().unwrap_or_default().trim_end();
        text.push_str(&format!("\n$ kmax {command} --help\n{own}\n"));
    }
    let listed = environment.ok("sandbox --help").stdout;
    let commands = listed.split("Commands:").nth(1).unwrap_or_default();
    let commands = commands.split("\n\n").next().unwrap_or_default();
    for line in commands.lines() {
        let Some(name) = line.strip_prefix("  ").and_then(|line| line.split(' ').next()) else {
            continue;
        };
        if name.is_empty() {
            continue;
        }
        let help = environment.ok(&format!("sandbox {name} --help"));
        let own = help.stdout.split("\nGlobal options:").next().unwrap_or_default().trim_end();
        text.push_str(&format!("\n$ kmax sandbox {name} --help\n{own}\n"));
    }
    assert_runs!("help", text);
}

#[test]
fn usage_errors_exit_with_64() {
    let environment = Environment::empty();
    assert_runs!(
        "usage",
        environment.run("plna"),
        environment.run("plan --detail"),
        environment.run("plan --pool dsp"),
        environment.run("plan --allow nodes=1"),
        environment.run("plan --allow nodes_terminated"),
        environment.run("plan --json --format text"),
        environment.run("apply p.json --auto-approve"),
        environment.run("apply --expect 123"),
        environment.run("apply --wait soon"),
        environment.run("lock --check --upgrade"),
        environment.run("--parallelism 0 plan"),
    );
    assert_eq!(environment.run("").code, Some(64));
    assert_eq!(environment.run("--version").code, Some(0));
}
