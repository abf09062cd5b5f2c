use crate::environment::{Environment, assert_runs};

fn planned() -> Environment {
    let environment = Environment::applied();
    environment.edit("max = 60", "max = 80, kubelet = { max_pods = 58 }");
    environment.ok("plan --sandbox -o p.json");
    environment
}

#[test]
fn is_saved_shown_and_applied() {
    let environment = planned();
    environment.ok("plan --sandbox -o again.json");
    assert_runs!(
        "plan_file",
        environment.run("show p.json"),
        environment.run("show p.json --format markdown"),
        environment.run("apply p.json --sandbox --parallelism 1"),
        environment.run("apply p.json --sandbox --parallelism 1"),
    );
    assert_eq!(environment.run("show p.json --json").stdout.trim(), {
        let environment = &environment;
        environment.run("show again.json --json").stdout.trim().to_owned()
    });
}

#[test]
fn holds_no_user_data() {
    let environment = Environment::locked();
    environment.ok("plan --sandbox -o p.json");
    let text = environment.read("p.json");
    let user_data = environment.ok("render dsp/8c64g --sandbox").stdout;
    assert!(user_data.contains("maxPods"), "{user_data}");
    for line in user_data.lines().map(str::trim).filter(|line| line.len() > 12) {
        assert!(!text.contains(line), "{line}");
    }
    assert!(!text.contains("maxPods") && !text.contains("TUlNRS"), "{text}");
}

#[test]
fn what_moved_since_the_review_is_said() {
    let environment = planned();
    environment.ok("sandbox set auto_scaling_group.dsp-8c64g-kmax.max=45");
    assert_runs!("plan_file_stale", environment.run("apply p.json --sandbox --parallelism 1"));
}

#[test]
fn a_file_that_is_no_plan_is_refused() {
    let environment = planned();
    let text = environment.read("p.json");
    environment.write("truncated.json", &text[..text.len() / 2]);
    environment.write("empty.json", "");
    environment.write("text.json", "Plan: nothing\n");
    environment.write("other.json", "{\"resources\": []}\n");
    environment.write("terraform.json", "{\"format_version\": \"1.2\"}\n");
    environment.write("older.json", &text.replacen("\"1.0\"", "\"0.9\"", 1));
    environment.write("newer.json", &text.replacen("\"1.0\"", "\"2.0\"", 1));
    environment.write("missing.json", &text.replacen("\"changes\"", "\"change\"", 1));
    let runs =
        ["gone", "truncated", "empty", "text", "other", "terraform", "older", "newer", "missing"]
            .map(|name| environment.run(&format!("apply {name}.json --sandbox")).to_string());
    assert_runs!("plan_file_bad", runs.join("\n"), environment.run("show truncated.json"));
}

#[test]
fn a_file_that_was_edited_can_do_no_harm() {
    let environment = planned();
    environment.edit_file("p.json", "\"after\": 80", "\"after\": 8000");
    let value = environment.run("apply p.json --sandbox");
    let environment = planned();
    environment.edit_file(
        "p.json",
        "\"account\": \"123456789012\"",
        "\"account\": \"210987654321\"",
    );
    let account = environment.run("apply p.json --sandbox");
    assert_runs!("plan_file_edited", value, account);
}
