use crate::environment::{Environment, assert_runs};

#[test]
fn from_nothing() {
    let mut environment = Environment::locked();
    let wide = environment.run("plan --sandbox");
    let all = environment.run("plan --sandbox -v --pool adn/small");
    let markdown = environment.run("plan --sandbox --format markdown");
    environment.set("COLUMNS", "80");
    let narrow = environment.run("plan --sandbox");
    assert_runs!("plan_new", wide, narrow, all, markdown);
}

#[test]
fn the_digest_is_not_cut() {
    let environment = Environment::locked();
    let cut = environment.ok("plan --sandbox --format markdown --max-bytes 500").stdout;
    assert!(cut.contains("Digest `sha256:") && cut.contains("Cut here"), "{cut}");
}

#[test]
fn nothing_to_do() {
    let environment = Environment::applied();
    assert_runs!(
        "plan_nothing",
        environment.run("plan --sandbox --detailed-exitcode"),
        environment.run("plan --sandbox --format markdown"),
    );
}

#[test]
fn every_reason() {
    let mut environment = Environment::applied();
    environment.ok("sandbox scale dsp-8c64g-kmax 12");
    environment.ok("sandbox set auto_scaling_group.dsp-8c64g-kmax.max=45");
    environment.ok("sandbox set auto_scaling_group.adn-small-kmax.max=9");
    environment.ok(
        "sandbox unset auto_scaling_group.adn-small-kmax.tags.k8s.io/cluster-autoscaler/enabled",
    );
    environment.ok("sandbox release-images");
    environment.ok("lock --sandbox --upgrade dsp/8c64g");
    environment.edit("max = 60", "max = 80, kubelet = { max_pods = 58 }");
    let wide = environment.run("plan --sandbox --detailed-exitcode");
    let markdown = environment.run("plan --sandbox --format markdown");
    let json = environment.run("plan --sandbox --json --pool adn/small");
    environment.set("COLUMNS", "80");
    let narrow = environment.run("plan --sandbox");
    assert_runs!("plan_reasons", wide, narrow, markdown, json);
}

#[test]
fn what_is_not_locked_is_shown_and_refused() {
    let environment = Environment::with_config();
    assert_runs!(
        "plan_not_locked",
        environment.run("plan --sandbox --detailed-exitcode"),
        environment.run("apply --sandbox --auto-approve -q"),
    );
}

#[test]
fn guards() {
    let environment = Environment::applied();
    environment.edit("small = { capacity_type = \"ondemand\", min = 2, max = 10 }", "");
    environment.ok("lock --sandbox");
    let refused = environment.run("plan --sandbox --detailed-exitcode");
    let allowed = environment.run("plan --sandbox --allow nodes_terminated=2");
    environment.ok("sandbox set auto_scaling_group.adn-small-kmax.min=0");
    environment.ok("sandbox scale adn-small-kmax 0");
    let emptied = environment.run("plan --sandbox");
    environment.edit("8c64g = { max = 60 }", "");
    environment.ok("lock --sandbox");
    let too_many = environment.run("plan --sandbox");
    assert_runs!("plan_guards", refused, allowed, emptied, too_many);
}

#[test]
fn what_can_not_be_read_is_said() {
    let environment = Environment::applied();
    environment.edit("max = 60", "max = 61");
    environment.ok("sandbox fault DescribeAutoScalingGroups=AccessDenied");
    let groups = environment.run("plan --sandbox");
    environment.ok("sandbox fault GetInstanceProfile=AccessDenied");
    let profile = environment.run("plan --sandbox");
    environment.ok("sandbox fault DescribeSubnets=AccessDenied");
    let markdown = environment.run("plan --sandbox --format markdown");
    assert_runs!("plan_unread", groups, profile, markdown);
}

#[test]
fn another_account_is_refused() {
    let environment = Environment::applied();
    environment.edit("123456789012", "210987654321");
    assert_runs!("plan_other_account", environment.run("plan --sandbox"));
}

#[test]
fn pools_of_others_are_refused_unless_adopted() {
    let environment = Environment::locked();
    environment.ok("sandbox create-plain dsp-8c64g-kmax r5.2xlarge 2");
    let foreign = environment.run("plan --sandbox");
    environment.edit("max = 60", "max = 60, adopt = true, capacity_type = \"ondemand\"");
    environment.ok("lock --sandbox");
    let adopted = environment.run("plan --sandbox");
    assert_runs!("plan_adopt", foreign, adopted);
}

#[test]
fn only_some_pools() {
    let environment = Environment::locked();
    assert_runs!(
        "plan_pool",
        environment.run("plan --sandbox --pool dsp/8c64g"),
        environment.run("plan --sandbox --pool dsp/nothing"),
    );
}

#[test]
fn not_supported_is_refused_where_it_is_written() {
    let environment = Environment::locked();
    environment.edit("cluster_autoscaler = \"off\"", "cluster_autoscaler = \"managed\"");
    assert_runs!("plan_not_supported", environment.run("plan --sandbox"));
}

#[test]
fn what_is_alike_is_said_once() {
    let environment = Environment::with_config();
    let mut pools = String::new();
    for number in 0..20 {
        pools.push_str(&format!("p{number:02} = {{ spec = \"8c64g\", max = 60 }}\n"));
    }
    environment.edit("8c64g = { max = 60 }\n", &pools);
    environment.ok("lock --sandbox -q");
    let new = environment.run("plan --sandbox");
    environment.ok("apply --sandbox --auto-approve -q");
    for group in ["dsp-p00-kmax", "dsp-p01-kmax", "dsp-p15-kmax"] {
        environment.ok(&format!("sandbox scale {group} 3"));
    }
    environment.edit("max_pods = 110", "max_pods = 58");
    let update = environment.run("plan --sandbox");
    let markdown = environment.run("plan --sandbox --format markdown --max-bytes 2500");
    assert!(markdown.stdout.len() <= 2500);
    assert_runs!("plan_alike", new, update, markdown);
    let whole = environment.ok("plan --sandbox -v");
    assert!(whole.stdout.contains("dsp/p19"), "{whole}");
}

#[test]
fn retries_are_said() {
    let environment = Environment::locked();
    environment.ok("sandbox fault DescribeClusterx2=Throttling");
    let run = environment.ok("plan --sandbox");
    assert_eq!(run.stderr.matches("trying again").count(), 1, "{run}");
    environment.ok("sandbox fault DescribeClusterx2=Throttling");
    let run = environment.ok("plan --sandbox -v");
    assert_eq!(run.stderr.matches("trying again").count(), 2, "{run}");
    environment.ok("sandbox fault DescribeClusterx2=Throttling");
    let quiet = environment.ok("plan --sandbox -q");
    assert_eq!(quiet.stderr, "");
}
