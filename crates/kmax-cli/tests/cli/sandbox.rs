use crate::environment::{Environment, assert_runs};

#[test]
fn looks_into_and_tampers() {
    let environment = Environment::locked();
    environment.ok("apply --sandbox --auto-approve --parallelism 1");
    let group = "auto_scaling_group.dsp-8c64g-kmax";
    let runs = [
        "sandbox scale dsp-8c64g-kmax 2".to_owned(),
        format!("sandbox set {group}.max=7 {group}.tags.x=y"),
        format!("sandbox unset {group}.tags.x"),
        "sandbox create-plain by-hand r5.2xlarge 1".to_owned(),
        "sandbox age 2h".to_owned(),
        "sandbox delay 2".to_owned(),
        "sandbox delay 0".to_owned(),
        "sandbox release-images".to_owned(),
        "sandbox fault CreateTagsx2=Throttling *@5=lose-response".to_owned(),
        "sandbox show".to_owned(),
        "sandbox show -v".to_owned(),
        "sandbox fault --clear".to_owned(),
        "sandbox delete launch_template.by-hand".to_owned(),
        "sandbox delete auto_scaling_group.by-hand".to_owned(),
        "sandbox complete".to_owned(),
        "sandbox reset".to_owned(),
        "sandbox show".to_owned(),
    ]
    .map(|line| environment.run(&line).to_string());
    assert_runs!("sandbox", runs.join("\n"));
    let run = environment.ok("sandbox show --json");
    let json: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(json["format_version"], "1.0");
}

#[test]
fn refuses_what_aws_would() {
    let environment = Environment::applied();
    let runs = [
        "sandbox set auto_scaling_group.dsp-8c64g-kmax.max=many",
        "sandbox set auto_scaling_group.dsp-8c64g-kmax.color=red",
        "sandbox set auto_scaling_group.nothing.max=7",
        "sandbox set max",
        "sandbox scale dsp-8c64g-kmax 61",
        "sandbox terminate i-0",
        "sandbox delete volume.x",
        "sandbox fault Nothing=Throttling",
        "sandbox age yesterday",
        "sandbox",
    ]
    .map(|line| environment.run(line).to_string());
    assert_runs!("sandbox_refused", runs.join("\n"));
}

/// One of several that is refused takes the others with it.
#[test]
fn what_is_refused_leaves_nothing() {
    let environment = Environment::applied();
    let group = "auto_scaling_group.dsp-8c64g-kmax";
    assert_eq!(environment.run(&format!("sandbox set {group}.max=7 {group}.min=x")).code, Some(1));
    environment.ok("drift --sandbox");
}

#[test]
fn lies_beside_the_config_or_where_it_is_named() {
    let environment = Environment::with_config();
    environment.ok("sandbox reset");
    assert!(environment.path(".kmax/sandbox.json").exists());
    assert_eq!(environment.read(".kmax/.gitignore"), "*\n");
    environment.ok("sandbox show --sandbox=other/state.json");
    assert!(environment.path("other/state.json").exists());
    environment.write(".kmax/sandbox.json", "{}");
    environment.write("cut.json", "");
    assert_runs!(
        "sandbox_file",
        environment.run("sandbox show"),
        environment.run("plan --sandbox=cut.json"),
    );
}
