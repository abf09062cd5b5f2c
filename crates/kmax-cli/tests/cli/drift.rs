use crate::environment::{Environment, assert_runs};

#[test]
fn none() {
    let environment = Environment::applied();
    environment.ok("sandbox scale dsp-8c64g-kmax 12");
    assert_runs!("drift_none", environment.run("drift --sandbox"));
    // What only the config changed is none.
    environment.edit("max = 60", "max = 61");
    environment.ok("drift --sandbox");
}

#[test]
fn every_kind() {
    let mut environment = Environment::applied();
    environment.ok("sandbox set auto_scaling_group.dsp-8c64g-kmax.max=45");
    environment
        .ok("sandbox set auto_scaling_group.dsp-8c64g-kmax.instance_types=r5.2xlarge,r5a.2xlarge");
    environment.ok("sandbox delete auto_scaling_group.adn-small-kmax");
    environment.edit("max = 60", "max = 80");
    let wide = environment.run("drift --sandbox");
    let markdown = environment.run("drift --sandbox --format markdown");
    let json = environment.run("drift --sandbox --json");
    environment.set("COLUMNS", "60");
    let narrow = environment.run("drift --sandbox");
    assert_runs!("drift", wide, narrow, markdown, json);
}

#[test]
fn what_can_not_be_read_is_said() {
    let environment = Environment::applied();
    environment.ok("sandbox fault DescribeLaunchTemplates=AccessDenied");
    let unread = environment.run("drift --sandbox");
    environment.edit("123456789012", "210987654321");
    assert_runs!("drift_unread", unread, environment.run("drift --sandbox"));
}
