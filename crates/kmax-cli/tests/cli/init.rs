use crate::environment::{Environment, assert_runs};

#[test]
fn writes_the_commented_config_once() {
    let environment = Environment::empty();
    assert_runs!(
        "init",
        environment.run("init"),
        environment.run("init"),
        environment.run("init --config other.toml"),
        environment.run("init --config nowhere/kmax.toml"),
        environment.run("init --cluster adx"),
    );
    let example = include_str!("../../../../kmax.toml.example");
    assert_eq!(environment.read("kmax.toml"), example);
    assert_eq!(environment.read("other.toml"), example);
}

/// What the README promises: from nothing to an empty plan.
#[test]
fn the_example_goes_all_the_way() {
    let environment = Environment::empty();
    environment.ok("init");
    environment.ok("validate");
    environment.ok("lock --sandbox");
    environment.ok("lock --check");
    assert_eq!(environment.run("plan --sandbox --detailed-exitcode").code, Some(2));
    environment.ok("apply --sandbox --auto-approve");
    let run = environment.ok("plan --sandbox --detailed-exitcode");
    assert!(run.stdout.contains("No changes: 7 pools are as the config says."), "{run}");
    environment.ok("drift --sandbox");
}
