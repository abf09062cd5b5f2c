//! The plans of `tests/cases/plan` as people read them: `plan.txt` beside each `plan.json`.
//! `UPDATE_GOLDEN=1` writes them anew.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

#[test]
fn every_case_reads_as_it_should() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/plan");
    let mut names: Vec<_> = fs::read_dir(&cases)
        .expect("the cases")
        .map(|entry| entry.expect("a case").path())
        .filter(|path| path.join("plan.json").exists())
        .collect();
    names.sort();
    assert!(names.len() > 25, "{} cases", names.len());
    let mut wrong = Vec::new();
    for case in names {
        let output = Command::new(env!("CARGO_BIN_EXE_kmax"))
            .args(["show", "plan.json"])
            .current_dir(&case)
            .env_clear()
            .env("COLUMNS", "100")
            .output()
            .expect("kmax runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {errors}", case.display());
        let text = String::from_utf8(output.stdout).expect("text");
        let golden = case.join("plan.txt");
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &text).expect("written");
        }
        if fs::read_to_string(&golden).unwrap_or_default() != text {
            wrong.push(case);
        }
    }
    assert!(wrong.is_empty(), "these read otherwise (UPDATE_GOLDEN=1 rewrites them): {wrong:#?}");
}
