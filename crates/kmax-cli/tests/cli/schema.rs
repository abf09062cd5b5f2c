//! What is printed as JSON is what `kmax schema` says, and nothing beside that.

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::environment::Environment;

/// What a command printed, as it was: the redaction would hide digests and times.
fn printed(environment: &Environment, line: &str) -> String {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let output = environment.command(&arguments).output().expect("kmax runs");
    String::from_utf8(output.stdout).expect("text")
}

/// Forbids what the schema does not name: a reader has to live with more, but kmax prints no field
/// that is documented nowhere.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(close);
            if map.get("type") == Some(&json!("object")) && map.contains_key("properties") {
                map.entry("additionalProperties").or_insert(json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

struct Schema(Validator);

impl Schema {
    fn of(name: &str) -> Self {
        let text = printed(&Environment::empty(), &format!("schema {name}"));
        let mut schema: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert!(jsonschema::meta::is_valid(&schema), "{name} is no schema");
        close(&mut schema);
        Self(jsonschema::validator_for(&schema).expect("a schema"))
    }

    fn check(&self, what: &str, document: &Value) {
        let errors: Vec<String> = self
            .0
            .iter_errors(document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{what}\n{}\n{document:#}", errors.join("\n"));
    }

    /// Checks what a command prints.
    fn check_run(&self, environment: &Environment, line: &str) -> Value {
        let text = printed(environment, line);
        let document = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{line}: {text}"));
        self.check(line, &document);
        document
    }

    /// Checks what a command prints, line by line.
    fn check_lines(&self, environment: &Environment, line: &str) -> Vec<Value> {
        let text = printed(environment, line);
        let events: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        for event in &events {
            self.check(line, event);
        }
        assert_eq!(events.first().map(|event| &event["event"]), Some(&json!("version")));
        assert_eq!(events.last().map(|event| &event["event"]), Some(&json!("result")));
        events
    }
}

/// Changes by a hand, of several kinds.
fn drifted() -> Environment {
    let environment = Environment::applied();
    for line in [
        "sandbox scale dsp-8c64g-kmax 3",
        "sandbox set auto_scaling_group.dsp-8c64g-kmax.max=45",
        "sandbox set auto_scaling_group.dsp-8c64g-kmax.tags.cost=1",
        "sandbox unset auto_scaling_group.dsp-8c64g-kmax.tags.k8s.io/cluster-autoscaler/enabled",
        "sandbox delete auto_scaling_group.adn-small-kmax",
    ] {
        environment.ok(line);
    }
    environment
}

#[test]
fn plans() {
    let schema = Schema::of("plan");
    let environment = Environment::with_config();
    let refused = schema.check_run(&environment, "plan --sandbox --json");
    assert_eq!(refused["applyable"], false);
    environment.ok("lock --sandbox");
    schema.check_run(&environment, "plan --sandbox --json");
    let some = schema.check_run(&environment, "plan --sandbox --json --pool dsp/8c64g");
    assert_eq!(some["selection"], json!(["dsp/8c64g"]));
    environment.ok("apply --sandbox --auto-approve");
    schema.check_run(&environment, "plan --sandbox --json");

    let environment = drifted();
    environment.edit("max = 60", "max = 80, kubelet = { max_pods = 58 }");
    let mixed = schema.check_run(&environment, "plan --sandbox --json -o p.json");
    assert!(mixed["changes"].as_array().is_some_and(|changes| changes.len() > 2), "{mixed:#}");
    let shown = schema.check_run(&environment, "show p.json --json");
    assert_eq!(shown, mixed);
    environment.edit("small = { capacity_type = \"ondemand\", min = 2, max = 10 }", "");
    environment.ok("lock --sandbox");
    schema.check_run(&environment, "plan --sandbox --json");
    environment.ok("sandbox fault DescribeAutoScalingGroups=AccessDenied");
    let unread = schema.check_run(&environment, "plan --sandbox --json");
    assert_eq!(unread["complete"], false);

    let environment = Environment::applied();
    environment.edit("max = 60", "max = 0");
    environment.edit(
        "[teams.dsp.pools]",
        "[[accept]]\nrule = \"max-zero\"\nreason = \"closed\"\n\n[teams.dsp.pools]",
    );
    schema.check_run(&environment, "plan --sandbox --json");
}

#[test]
fn drift() {
    let schema = Schema::of("drift");
    let environment = drifted();
    let found = schema.check_run(&environment, "drift --sandbox --json");
    let findings: Vec<&Value> =
        found["drift"].as_array().into_iter().flatten().map(|item| &item["finding"]).collect();
    assert!(findings.contains(&&json!("changed")) && findings.contains(&&json!("deleted")));
    environment.ok("sandbox fault DescribeLaunchTemplates=AccessDenied");
    let unread = schema.check_run(&environment, "drift --sandbox --json");
    assert_eq!(unread["complete"], false);
    schema.check_run(&Environment::applied(), "drift --sandbox --json");
}

#[test]
fn events() {
    let schema = Schema::of("events");
    let environment = drifted();
    let seen = |events: &[Value], path: &str, value: &str| {
        let found = events.iter().any(|event| event.pointer(path) == Some(&json!(value)));
        assert!(found, "no {value} in {events:#?}");
    };
    environment.edit("max = 60", "max = 80, kubelet = { max_pods = 58 }");
    environment.ok("plan --sandbox -o before.json");
    environment.ok(
        "sandbox fault UpdateAutoScalingGroup=AccessDenied CreateAutoScalingGroup@1x1=Throttling",
    );
    let part = schema.check_lines(&environment, "apply --sandbox --auto-approve --json");
    seen(&part, "/outcome/outcome", "failed");
    seen(&part, "/outcome/outcome", "done");
    seen(&part, "/event", "retry");
    let rest = schema.check_lines(&environment, "apply before.json --sandbox --json");
    seen(&rest, "/event", "done_before");
    schema.check_lines(&environment, "apply --sandbox --auto-approve --json");
    environment.ok("sandbox set auto_scaling_group.dsp-8c64g-kmax.max=9");
    let stale = schema.check_lines(&environment, "apply before.json --sandbox --json");
    seen(&stale, "/event", "refused");
    environment.ok("sandbox fault DescribeAutoScalingGroups=AccessDenied");
    schema.check_lines(&environment, "apply before.json --sandbox --json");

    let environment = Environment::locked();
    environment.ok("sandbox fault CreateLaunchTemplate@2x2=AccessDenied");
    let skipped = schema.check_lines(&environment, "apply --sandbox --auto-approve --json");
    seen(&skipped, "/outcome/outcome", "skipped");
    schema.check_lines(&Environment::with_config(), "apply --sandbox --auto-approve --json");
    schema.check_lines(&Environment::with_config(), "apply gone.json --sandbox --json");
    schema.check_lines(&Environment::with_config(), "apply --sandbox --json");
}

#[test]
fn locks() {
    let schema = Schema::of("lock");
    let environment = Environment::with_config();
    schema.check_run(&environment, "lock --check --json");
    schema.check_run(&environment, "lock --sandbox --json");
    schema.check_run(&environment, "lock --check --json");
    environment.ok("sandbox release-images");
    let upgraded = schema.check_run(&environment, "lock --sandbox --upgrade --json");
    assert!(upgraded["changed"][0]["before"].is_object(), "{upgraded:#}");
    schema.check_run(&environment, "lock --sandbox --explain dsp/8c64g --json");
    environment.edit("8c64g = {", "9c7g = {");
    let failed = schema.check_run(&environment, "lock --sandbox --json");
    assert!(failed["failed"].as_array().is_some_and(|failed| failed.len() == 1), "{failed:#}");
    assert_eq!(failed["dropped"], json!(["dsp/8c64g"]));
}

#[test]
fn validations() {
    let schema = Schema::of("validate");
    let environment = Environment::with_config();
    schema.check_run(&environment, "validate --json");
    environment.edit("max = 60", "max = 0");
    schema.check_run(&environment, "validate --json");
    environment.edit("max = 0", "mox = 60, min = 1");
    environment.edit("\"ondemand\"", "\"onDemand\"");
    environment.write("kmax.lock", "format = 9\n");
    let wrong = schema.check_run(&environment, "validate --json");
    assert_eq!(wrong["valid"], false);
    environment.write("kmax.toml", "format = \n");
    schema.check_run(&environment, "validate --json");
}

#[test]
fn a_field_too_many_or_too_few_is_found() {
    let environment = Environment::locked();
    let text = printed(&environment, "plan --sandbox --json");
    let plan: Value = serde_json::from_str(&text).expect("JSON");
    let schema = Schema::of("plan");
    assert!(schema.0.is_valid(&plan));
    for path in ["", "/cluster", "/summary", "/changes/0", "/changes/0/fields/0"] {
        let mut more = plan.clone();
        let object = more.pointer_mut(path).and_then(Value::as_object_mut).expect("an object");
        object.insert("surprise".to_owned(), json!(1));
        assert!(!schema.0.is_valid(&more), "{path}");
        let mut less = plan.clone();
        let object = less.pointer_mut(path).and_then(Value::as_object_mut).expect("an object");
        let first = object.keys().next().expect("a field").clone();
        object.remove(&first);
        assert!(!schema.0.is_valid(&less), "{path} without {first}");
    }
    let events = Schema::of("events");
    assert!(events.0.is_valid(&json!({"event": "warning", "message": ""})));
    assert!(!events.0.is_valid(&json!({"event": "warning", "message": "", "surprise": 1})));
    assert!(!events.0.is_valid(&json!({"event": "surprise", "message": ""})));
}

/// The examples of docs/json.md are what kmax prints.
#[test]
fn examples_of_the_documentation() {
    let text = include_str!("../../../../docs/json.md");
    let mut checked = 0;
    for section in text.split("\n## ").skip(1) {
        let title = section.lines().next().unwrap_or_default();
        let Some((_, name)) = title.split_once("`kmax schema ") else { continue };
        let schema = Schema::of(name.trim_end_matches('`'));
        for block in section.split("```json\n").skip(1) {
            let (block, _) = block.split_once("```").expect("an end of the example");
            let stream = serde_json::Deserializer::from_str(block).into_iter::<Value>();
            for document in stream {
                schema.check(title, &document.expect("JSON"));
                checked += 1;
            }
        }
    }
    assert!(checked > 10, "{checked} examples");
}
