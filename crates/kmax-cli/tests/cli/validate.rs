use std::fs;

use crate::environment::{Environment, assert_runs};

#[test]
fn a_valid_file() {
    let environment = Environment::with_config();
    let unlocked = environment.run("validate");
    environment.ok("lock --sandbox");
    assert_runs!(
        "validate_valid",
        unlocked,
        environment.run("validate"),
        environment.run("validate --json"),
        environment.run("validate --format markdown"),
        environment.run("validate --max-bytes 100"),
    );
}

#[test]
fn several_errors_at_once() {
    let environment = Environment::with_config();
    environment.edit("max = 60", "mox = 60, min = 1");
    environment.edit("\"ondemand\"", "\"onDemand\"");
    assert_runs!(
        "validate_errors",
        environment.run("validate"),
        environment.run("validate --json"),
        environment.run("validate --format markdown"),
        environment.run("plan --sandbox"),
    );
}

#[test]
fn warnings_do_not_fail() {
    let environment = Environment::with_config();
    environment.edit("max = 60", "max = 0");
    assert_runs!("validate_warnings", environment.run("validate"));
}

#[test]
fn a_broken_lock_is_found() {
    let environment = Environment::with_config();
    environment.write("kmax.lock", "format = 9\n");
    assert_runs!("validate_broken_lock", environment.run("validate"), environment.run("plan"));
}

#[test]
fn the_config_is_found() {
    let mut environment = Environment::empty();
    let none = environment.run("validate");
    environment.write("other.toml", crate::environment::CONFIG);
    let named = environment.run("validate -c other.toml");
    let missing = environment.run("validate -c gone.toml");
    environment.set("KMAX_CONFIG", "other.toml");
    let variable = environment.run("validate");
    let environment = Environment::with_config();
    fs::create_dir_all(environment.path("a/b")).expect("a folder");
    let above = environment.run_in("a/b", "validate");
    assert_runs!("validate_where", none, named, missing, variable, above);
}
