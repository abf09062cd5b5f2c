//! A folder of its own, an environment without anything, and the embedded AWS.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The config that most tests begin with.
pub(crate) const CONFIG: &str = include_str!("kmax.toml");

/// Runs kmax in a folder of its own.
pub(crate) struct Environment {
    dir: TempDir,
    variables: Vec<(String, String)>,
}

/// What a run printed and how it ended.
pub(crate) struct Run {
    command: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Environment {
    /// Makes an empty folder.
    pub(crate) fn empty() -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        Self { dir, variables: Vec::new() }
    }

    /// Makes a folder with the config.
    pub(crate) fn with_config() -> Self {
        let environment = Self::empty();
        environment.write("kmax.toml", CONFIG);
        environment
    }

    /// Makes a folder with the config and its lock.
    pub(crate) fn locked() -> Self {
        let environment = Self::with_config();
        environment.ok("lock --sandbox");
        environment
    }

    /// Makes a folder whose config is applied.
    pub(crate) fn applied() -> Self {
        let environment = Self::locked();
        environment.ok("apply --sandbox --auto-approve");
        environment
    }

    /// Sets a variable for all that follows.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("the file can be written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the file can be read")
    }

    /// Replaces a piece of the config.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        self.edit_file("kmax.toml", from, to);
    }

    /// Replaces a piece of a file.
    pub(crate) fn edit_file(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} holds no `{from}`");
        self.write(name, &text.replacen(from, to, 1));
    }

    /// Prepares a run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kmax"));
        command
            .args(arguments)
            .current_dir(self.dir.path())
            .env_clear()
            .envs([("USER", "tester"), ("HOSTNAME", "test"), ("COLUMNS", "100")])
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Runs a command line, its words parted by spaces.
    pub(crate) fn run(&self, line: &str) -> Run {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let output = self.command(&arguments).output().expect("kmax runs");
        self.record(line, &output)
    }

    /// Runs a command line in a folder below.
    pub(crate) fn run_in(&self, folder: &str, line: &str) -> Run {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let mut command = self.command(&arguments);
        let output = command.current_dir(self.path(folder)).output().expect("kmax runs");
        self.record(line, &output)
    }

    pub(crate) fn record(&self, line: &str, output: &Output) -> Run {
        let text = |bytes: &[u8]| self.redacted(&String::from_utf8_lossy(bytes));
        Run {
            command: self.redacted(&format!("kmax {line}")),
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Runs what has to succeed.
    pub(crate) fn ok(&self, line: &str) -> Run {
        let run = self.run(line);
        assert_eq!(run.code, Some(0), "{run}");
        run
    }

    /// Takes out what differs from run to run.
    fn redacted(&self, text: &str) -> String {
        let folder = |path: &Path| path.display().to_string();
        let mut text = text.replace(&folder(self.dir.path()), "[FOLDER]");
        if let Ok(real) = self.dir.path().canonicalize() {
            text = text.replace(&folder(&real), "[FOLDER]");
        }
        let version = env!("CARGO_PKG_VERSION");
        text = text.replace(&format!("\"{version}\""), "\"[VERSION]\"");
        text = text.replace(&format!("kmax {version}"), "kmax [VERSION]");
        let text = redact_after(&text, "sha256:", |c| c.is_ascii_hexdigit(), "[DIGEST]");
        let is_time = |c: char| c.is_ascii_digit() || "-:TZ".contains(c);
        let text = redact_after(&text, "\"created_at\": \"", is_time, "[TIME]");
        let text = redact_after(&text, "\"created_at\":\"", is_time, "[TIME]");
        let text = redact_after(&text, "lock of this cluster and stack, since ", is_time, "[TIME]");
        redact_after(&text, "planned at ", is_time, "[TIME]")
    }
}

/// Replaces what follows a mark for as long as it is of a kind.
fn redact_after(text: &str, mark: &str, is_part: impl Fn(char) -> bool, by: &str) -> String {
    let mut pieces = text.split(mark);
    let mut redacted = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(&is_part);
        redacted.push_str(mark);
        if rest.len() < piece.len() {
            redacted.push_str(by);
        }
        redacted.push_str(rest);
    }
    redacted
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, code, stdout, stderr } = self;
        write!(f, "$ {command}\nexit ")?;
        match code {
            Some(code) => write!(f, "{code}")?,
            None => f.write_str("by a signal")?,
        }
        for (name, text) in [("stdout", stdout), ("stderr", stderr)] {
            if !text.is_empty() {
                write!(f, "\n--- {name}\n{}", text.trim_end())?;
            }
        }
        writeln!(f)
    }
}

/// Compares runs with their snapshot: stdout, stderr and status together.
macro_rules! assert_runs {
    ($name:literal, $($run:expr),+ $(,)?) => {{
        let text = [$($run.to_string()),+].join("\n");
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!($name, text);
        });
    }};
}
pub(crate) use assert_runs;
