//! Text fits the terminal.

use crate::environment::Environment;

const WIDTHS: [usize; 3] = [60, 80, 120];

/// What may stand beside a word that is too long: a sign, and where it begins.
const BESIDE: usize = 16;

/// Checks that no line is wider than the width, unless a word in it can't be broken.
fn assert_fits(environment: &mut Environment, lines: &[&str]) {
    for width in WIDTHS {
        environment.set("COLUMNS", &width.to_string());
        for line in lines {
            let run = environment.run(line);
            assert_ne!(run.code, Some(64), "{run}");
            for text in run.stdout.lines() {
                let fits = text.chars().count() <= width;
                let longest = text.split_whitespace().map(|word| word.chars().count()).max();
                let is_breakable = longest.is_some_and(|longest| longest + BESIDE <= width);
                assert!(fits || !is_breakable, "at {width}: {text}\n{run}");
            }
        }
    }
}

#[test]
fn of_what_is_new() {
    let mut environment = Environment::with_config();
    let commands = ["plan --sandbox", "plan --sandbox -v", "lock --check"];
    assert_fits(&mut environment, &commands);
    environment.edit("[teams.dsp.pools]", "[teams.a-team-with-a-very-long-name.pools]");
    environment.ok("lock --sandbox");
    assert_fits(&mut environment, &commands);
    environment.ok("plan --sandbox -o p.json");
    assert_fits(&mut environment, &["show p.json", "show p.json -v", "lock --sandbox"]);
}

#[test]
fn of_what_changed() {
    let mut environment = Environment::applied();
    let long = "x".repeat(50) + " and some words after it";
    for line in [
        "sandbox scale dsp-8c64g-kmax 12",
        "sandbox set auto_scaling_group.dsp-8c64g-kmax.max=45",
        "sandbox set auto_scaling_group.dsp-8c64g-kmax.instance_types=r5.2xlarge,r5a.2xlarge,m5.large",
        "sandbox unset auto_scaling_group.adn-small-kmax.tags.k8s.io/cluster-autoscaler/enabled",
        "sandbox delete auto_scaling_group.adn-small-kmax",
        "sandbox release-images",
    ] {
        environment.ok(line);
    }
    let tag = format!("auto_scaling_group.dsp-8c64g-kmax.tags.kmax:stack={long}");
    assert!(environment.command(&["sandbox", "set", &tag]).status().is_ok_and(|s| s.success()));
    environment.edit("max = 60", "max = 80, kubelet = { max_pods = 58 }");
    environment.ok("lock --sandbox --upgrade dsp/8c64g");
    let commands = [
        "plan --sandbox",
        "plan --sandbox -v",
        "drift --sandbox",
        "drift --sandbox -v",
        "lock --sandbox --explain dsp/8c64g",
        "lock --sandbox --explain dsp/8c64g -v",
    ];
    assert_fits(&mut environment, &commands);
    environment.ok("sandbox fault DescribeLaunchTemplates=AccessDenied");
    assert_fits(&mut environment, &["plan --sandbox", "drift --sandbox"]);
}

/// A value that takes all the room has its reason below it.
#[test]
fn of_a_value_with_its_reason() {
    let mut environment = Environment::applied();
    let (first, second) = ("\"r5.2xlarge\"", "\"r8i-flex.2xlarge\"");
    let lock = environment.read("kmax.lock");
    let swapped = lock.replace(first, "\"\"").replace(second, first).replace("\"\"", second);
    environment.write("kmax.lock", &swapped);
    assert_fits(&mut environment, &["plan --sandbox"]);
    environment.set("COLUMNS", "60");
    let plan = environment.ok("plan --sandbox").stdout;
    assert!(plan.contains("in another order,\n"), "{plan}");
    assert!(plan.lines().any(|line| line.trim() == "(upgrade)"), "{plan}");
}

/// Every run of `lock --upgrade` writes: each width has an upgrade of its own.
#[test]
fn of_upgrades() {
    let mut environment = Environment::locked();
    let text = environment.read("kmax.lock");
    let (first, second) = ("\"r7i.2xlarge\"", "\"m7i.2xlarge\"");
    for width in WIDTHS {
        environment.set("COLUMNS", &width.to_string());
        environment.write("kmax.lock", &text.replace(first, second));
        let run = environment.ok("lock --sandbox --upgrade");
        let widest = run.stdout.lines().map(|line| line.chars().count()).max();
        assert!(widest.is_some_and(|widest| widest <= width), "at {width}\n{run}");
    }
}
