//! Properties of parsing and merging, over files made at random.

use std::collections::BTreeMap;

use kmax_config::{CapacityType, Config, ConfigError, Lock, Pool};
use proptest::prelude::*;

const HEAD: &str = r#"format = 1
[cluster]
name = "adx-prod"
region = "us-east-1"
account = "123456789012"
version = "1.34"
vpc = "vpc-0a1b2c3d4e5f60718"
subnets = ["subnet-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60002"]
"#;

const EXAMPLE: &str = include_str!("../../../kmax.toml.example");

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse("kmax.toml", text, &|path| Err(format!("no file {path}")))
}

/// Every diagnostic lies in the text, and can be shown.
fn check(text: &str) {
    if let Err(error) = parse(text) {
        let diagnostics = error.diagnostics();
        assert!(diagnostics.errors().count() > 0);
        for diagnostic in &diagnostics.all {
            assert!(diagnostic.line >= 1 && diagnostic.column >= 1);
            assert!(diagnostic.span.as_ref().is_none_or(|span| span.end <= text.len()));
        }
        assert!(diagnostics.render().contains("--> kmax.toml:"));
    }
    if let Err(error) = Lock::parse("kmax.lock", text) {
        assert!(!error.diagnostics().render().is_empty());
    }
}

/// A layer of settings: each is either left out or has one of few values, so that layers meet.
#[derive(Debug, Clone)]
struct Layer {
    max: Option<u32>,
    spot: Option<bool>,
    subnets: Option<Vec<usize>>,
    size_gib: Option<u32>,
    labels: BTreeMap<usize, u8>,
    unset: Vec<usize>,
}

const UNSET: [&str; 4] = ["kubelet.max_pods", "labels.l0", "labels", "subnets"];

fn layer() -> impl Strategy<Value = Layer> {
    (
        proptest::option::of(1..9u32),
        proptest::option::of(any::<bool>()),
        proptest::option::of(proptest::sample::subsequence(vec![1, 2], 0..=2)),
        proptest::option::of(20..30u32),
        proptest::collection::btree_map(0..3usize, 0..5u8, 0..3),
        proptest::sample::subsequence(vec![0, 1, 2, 3], 0..=2),
    )
        .prop_map(|(max, spot, subnets, size_gib, labels, unset)| Layer {
            max,
            spot,
            subnets,
            size_gib,
            labels,
            unset,
        })
}

impl Layer {
    /// The layer as lines of TOML.
    fn lines(&self) -> Vec<String> {
        let Self { max, spot, subnets, size_gib, labels, unset } = self;
        let mut lines = Vec::new();
        lines.extend(max.map(|max| format!("max = {max}")));
        lines.extend(
            spot.map(|spot| {
                format!("capacity_type = \"{}\"", if spot { "spot" } else { "ondemand" })
            }),
        );
        lines.extend(subnets.as_ref().map(|subnets| {
            let ids: Vec<_> =
                subnets.iter().map(|n| format!("\"subnet-0a1b2c3d4e5f6000{n}\"")).collect();
            format!("subnets = [{}]", ids.join(", "))
        }));
        lines.extend(size_gib.map(|size| format!("volume = {{ size_gib = {size} }}")));
        if !labels.is_empty() {
            let all: Vec<_> = labels.iter().map(|(k, v)| format!("l{k} = \"v{v}\"")).collect();
            lines.push(format!("labels = {{ {} }}", all.join(", ")));
        }
        if !unset.is_empty() {
            let all: Vec<_> = unset.iter().map(|n| format!("{:?}", UNSET[*n])).collect();
            lines.push(format!("unset = [{}]", all.join(", ")));
        }
        lines
    }

    /// What the layer makes of the settings so far, said once more and in another way.
    fn apply(&self, expected: &mut Expected) {
        for unset in &self.unset {
            match *unset {
                0 => expected.max_pods = None,
                1 => drop(expected.labels.remove("l0")),
                2 => expected.labels.clear(),
                _ => expected.subnets.clear(),
            }
        }
        expected.max = self.max.unwrap_or(expected.max);
        expected.spot = self.spot.unwrap_or(expected.spot);
        expected.size_gib = self.size_gib.unwrap_or(expected.size_gib);
        if let Some(subnets) = &self.subnets {
            expected.subnets =
                subnets.iter().map(|n| format!("subnet-0a1b2c3d4e5f6000{n}")).collect();
        }
        expected.labels.extend(self.labels.iter().map(|(k, v)| (format!("l{k}"), format!("v{v}"))));
    }
}

#[derive(Debug, PartialEq)]
struct Expected {
    max: u32,
    spot: bool,
    subnets: Vec<String>,
    size_gib: u32,
    labels: BTreeMap<String, String>,
    max_pods: Option<u32>,
}

impl Expected {
    fn of(pool: &Pool) -> Self {
        Self {
            max: pool.max,
            spot: pool.capacity_type == CapacityType::Spot,
            subnets: pool.subnets.clone(),
            size_gib: pool.volume.size_gib,
            labels: pool.labels.clone(),
            max_pods: pool.kubelet.max_pods,
        }
    }
}

fn file(layers: &[Vec<String>; 3]) -> String {
    let [defaults, team, pool] = layers.each_ref().map(|lines| lines.join("\n"));
    format!("{HEAD}[defaults]\n{defaults}\n[teams.dsp]\n{team}\n[teams.dsp.pools.8c64g]\n{pool}\n")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_never_panics(text in ".{0,200}") {
        check(&text);
    }

    #[test]
    fn arbitrary_toml_never_panics(
        key in "[a-z_.\"\\[\\]]{1,12}",
        value in "[-a-z0-9_.\"\\[\\]{}=, \n]{0,30}",
        line in 0..60usize,
    ) {
        let mut lines: Vec<String> = EXAMPLE.lines().map(str::to_owned).collect();
        let at = line * 3 % lines.len();
        lines.insert(at, format!("{key} = {value}"));
        check(&lines.join("\n"));
    }

    #[test]
    fn a_cut_file_never_panics(cut in 0..20_000usize, gone in 0..40usize) {
        let mut chars: Vec<char> = EXAMPLE.chars().collect();
        let cut = cut % chars.len();
        let end = (cut + gone).min(chars.len());
        chars.drain(cut..end);
        check(&chars.iter().collect::<String>());
    }

    #[test]
    fn the_innermost_layer_wins(defaults in layer(), team in layer(), pool in layer()) {
        let lines = [defaults.lines(), team.lines(), pool.lines()];
        let config = parse(&file(&lines)).expect("a valid file");
        let mut expected = Expected {
            max: 20,
            spot: true,
            subnets: Vec::new(),
            size_gib: 100,
            labels: BTreeMap::new(),
            max_pods: Some(110),
        };
        for layer in [&defaults, &team, &pool] {
            layer.apply(&mut expected);
        }
        prop_assert_eq!(Expected::of(&config.pools[0]), expected);
    }

    #[test]
    fn the_order_of_keys_is_irrelevant(defaults in layer(), team in layer(), pool in layer()) {
        let forth = [defaults.lines(), team.lines(), pool.lines()];
        let back = forth.clone().map(|mut lines| {
            lines.reverse();
            lines
        });
        let one = parse(&file(&forth)).expect("a valid file");
        let other = parse(&file(&back)).expect("a valid file");
        let json = |config: &Config| serde_json::to_string(config).expect("JSON");
        prop_assert_eq!(json(&one), json(&other));
    }
}

fn json(config: &Config) -> serde_json::Value {
    serde_json::to_value(config).expect("JSON")
}

#[test]
fn the_canonical_form_knows_no_comments_places_or_written_defaults() {
    let pools = "[teams.dsp.pools]\n8c64g = { max = 60 }\nsmall = {}\n";
    let plain = parse(&format!("{HEAD}{pools}")).expect("a valid file");
    let written = format!(
        "# a comment\n\n{HEAD}stack = \"main\"\n[manage]\niam = \"verify\"\n[guards]\n\
         pools_destroyed = 1\n[defaults]\nmax = 20\n[teams.dsp.pools.small]\n\
         [teams.dsp.pools.8c64g]\nmax = 60\nspec = \"8c64g\"\n"
    );
    let written = parse(&written).expect("a valid file");
    assert_eq!(json(&plain), json(&written));
    let other = parse(&format!("{HEAD}{}", pools.replace("60", "61"))).expect("a valid file");
    assert_ne!(json(&plain), json(&other));
}

#[test]
fn the_text_of_scripts_is_part_of_the_canonical_form() {
    let text = format!(
        "{HEAD}[user_data.ops]\nscript = \"ops.sh\"\n[defaults]\nuser_data = [\"ops\"]\n\
         [teams.dsp.pools]\nsmall = {{}}\n"
    );
    let with = |script: &str| {
        let config = Config::parse("kmax.toml", &text, &|_| Ok(script.to_owned()));
        json(&config.expect("a valid file"))
    };
    assert_ne!(with("#!/bin/sh\ntrue\n"), with("#!/bin/sh\nfalse\n"));
}
