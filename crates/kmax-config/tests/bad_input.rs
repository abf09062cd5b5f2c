//! Bad files and the messages that each gets: a directory each under `tests/cases/config`, with
//! `kmax.toml` and `expected.txt`. `UPDATE_GOLDEN=1 cargo test -p kmax-config` writes the latter anew.
//! Other files of a directory are those that the config names.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use kmax_config::{Config, Diagnostics};

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/config");
    let mut cases: Vec<PathBuf> = fs::read_dir(&root)
        .unwrap_or_else(|error| panic!("{}: {error}", root.display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    cases
}

/// What a person sees: all diagnostics and their count; of a valid file also what has no effect yet.
fn output(case: &Path) -> String {
    let text = fs::read_to_string(case.join("kmax.toml")).expect("kmax.toml");
    let files =
        |path: &str| fs::read_to_string(case.join(path)).map_err(|_| "no such file".to_owned());
    match Config::parse("kmax.toml", &text, &files) {
        Err(error) => format!("{}\n{error}\n", error.diagnostics()),
        Ok(config) => {
            let warnings =
                Diagnostics { source_name: "kmax.toml".into(), text, all: config.warnings.clone() };
            let mut output = format!("{warnings}\nkmax.toml is valid: {}\n", warnings.count());
            for entry in config.unsupported.iter().filter(|entry| entry.written) {
                let (line, column) = (entry.place.line, entry.place.column);
                writeln!(output, "not supported: {line}:{column}: {}", entry.message)
                    .expect("a string takes all");
            }
            output
        }
    }
}

#[test]
fn each_bad_file_gets_its_messages() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let cases = cases();
    assert!(cases.len() >= 45, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let expected = case.join("expected.txt");
        let output = output(case);
        if update {
            fs::write(&expected, &output).expect("expected.txt is written");
        } else if fs::read_to_string(&expected).unwrap_or_default() != output {
            wrong.push(format!("{}:\n{output}", case.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} cases differ; see them, then UPDATE_GOLDEN=1:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_case_is_bad_in_its_own_way() {
    let mut outputs: Vec<String> = cases().iter().map(|case| output(case)).collect();
    let all = outputs.len();
    outputs.sort();
    outputs.dedup();
    assert_eq!(outputs.len(), all);
}
