use crate::environment::{Environment, assert_runs};

#[test]
fn resolves_what_is_missing_and_drops_what_is_gone() {
    let environment = Environment::with_config();
    let check = environment.run("lock --check");
    let first = environment.run("lock --sandbox");
    let again = environment.run("lock --sandbox");
    let checked = environment.run("lock --check");
    environment.edit("small = {", "medium = {");
    let gaps = environment.run("lock --check");
    let moved = environment.run("lock --sandbox");
    assert_runs!("lock", check, first, again, checked, gaps, moved);
}

#[test]
fn holds_on_to_a_release_until_it_is_upgraded() {
    let environment = Environment::locked();
    let before = environment.read("kmax.lock");
    environment.ok("sandbox release-images");
    let same = environment.run("lock --sandbox");
    assert_eq!(environment.read("kmax.lock"), before);
    let newer = environment.run("plan --sandbox --pool adn/small");
    let one = environment.run("lock --sandbox --upgrade adn/small");
    let all = environment.run("lock --sandbox --upgrade");
    let unknown = environment.run("lock --sandbox --upgrade adn/smal");
    assert_runs!("lock_upgrade", same, newer, one, all, unknown);
}

#[test]
fn says_why() {
    let environment = Environment::with_config();
    assert_runs!(
        "lock_explain",
        environment.run("lock --sandbox --explain dsp/8c64g"),
        environment.run("lock --sandbox --explain dsp/8c64g --format markdown"),
        environment.run("lock --sandbox --explain dsp/nothing"),
    );
    let run = environment.ok("lock --sandbox --explain dsp/8c64g --json");
    let json: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(json["format_version"], "1.0");
    assert_eq!(json["pool"], "dsp/8c64g");
}

#[test]
fn what_can_not_be_resolved_is_said() {
    let environment = Environment::with_config();
    environment.edit("8c64g = {", "9c7g = {");
    let nothing_fits = environment.run("lock --sandbox");
    environment.edit("9c7g = {", "8c64g = {");
    environment.ok("sandbox fault GetParametersx1=AccessDenied");
    let denied = environment.run("lock --sandbox");
    assert_runs!("lock_failed", nothing_fits, denied);
}

#[test]
fn other_formats() {
    let environment = Environment::with_config();
    assert_runs!(
        "lock_formats",
        environment.run("lock --check --json"),
        environment.run("lock --check --format markdown"),
        environment.run("lock --sandbox --format markdown"),
        environment.run("lock --sandbox --upgrade --json"),
    );
}
