//! docs/getting-started.md is run as it stands: commands, their exit codes, and the lines it shows.

use std::fs;
use std::path::Path;
use std::process::Command;

/// A command of the guide with the exit code and the lines that it promises.
struct Step {
    command: String,
    code: i32,
    lines: Vec<String>,
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside && let Some(command) = line.strip_prefix("$ ") {
            let (command, code) = match command.split_once("# exit code ") {
                Some((command, code)) => (command.trim(), code.parse().unwrap()),
                None => (command, 0),
            };
            steps.push(Step { command: command.to_owned(), code, lines: Vec::new() });
        } else if inside {
            steps.last_mut().unwrap().lines.push(line.to_owned());
        }
    }
    steps
}

/// White space is the view's, not the guide's.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_guide_works_as_it_stands() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let guide = fs::read_to_string(root.join("docs/getting-started.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::copy(root.join("kmax.toml.example"), folder.path().join("kmax.toml")).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_kmax")).parent().unwrap();
    let steps = steps(&guide);
    assert!(steps.len() > 15, "the guide has {} commands", steps.len());
    for Step { command, code, lines } in steps {
        let output = Command::new("sh")
            .args(["-c", &command])
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .env("PATH", format!("{}:/usr/bin:/bin", binary.display()))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "$ {command}\n{said}");
        for line in lines {
            assert!(
                squeezed(&said).contains(&squeezed(&line)),
                "$ {command}\n{said}\nlacks: {line}"
            );
        }
    }
}
