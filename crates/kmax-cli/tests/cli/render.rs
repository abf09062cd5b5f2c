use crate::environment::{Environment, assert_runs};

#[test]
fn user_data_as_they_are_sent_and_by_their_parts() {
    let environment = Environment::locked();
    assert_runs!(
        "render",
        environment.run("render dsp/8c64g --sandbox"),
        environment.run("render dsp/8c64g --sandbox --decoded"),
        environment.run("render dsp/nothing --sandbox"),
    );
    // What lives makes no difference.
    let before = environment.ok("render dsp/8c64g --sandbox").stdout;
    environment.ok("apply --sandbox --auto-approve");
    assert_eq!(environment.ok("render dsp/8c64g --sandbox").stdout, before);
    environment.ok("sandbox fault DescribeCluster=AccessDenied");
    assert_runs!("render_unread", environment.run("render dsp/8c64g --sandbox"));
}
