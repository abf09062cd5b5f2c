//! What flags and the environment say, in one place.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use kmax_model::PoolId;

use crate::args::{Color, GlobalArgs, LogFormat};

/// The width of text where there is no terminal.
const WIDTH_WITHOUT_TERMINAL: usize = 100;
/// Lines longer than this are hard to read, however wide the terminal.
const WIDEST: usize = 140;
/// Below this nothing lines up any more.
const NARROWEST: usize = 60;

/// What flags and the environment say.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The config's path, where one is named.
    pub(crate) config: Option<PathBuf>,
    /// Which AWS is worked on.
    pub(crate) target: Target,
    /// Only these pools; empty is all.
    pub(crate) pools: BTreeSet<PoolId>,
    /// Whether stdout is coloured.
    pub(crate) color_stdout: bool,
    /// Whether stderr is coloured.
    pub(crate) color_stderr: bool,
    /// The width of text on stdout.
    pub(crate) width: usize,
    /// How much is shown.
    pub(crate) verbose: u8,
    /// Nothing but results and errors.
    pub(crate) quiet: bool,
    /// How log lines are written.
    pub(crate) log_format: LogFormat,
    /// The filter of log lines, where the environment says one.
    pub(crate) log_filter: Option<String>,
    /// How many changes are applied at once.
    pub(crate) parallelism: Option<usize>,
    /// No limits below AWS's own.
    pub(crate) unlimited_rate: bool,
    /// Whether a person can answer a question.
    pub(crate) can_ask: bool,
    /// Whether stderr is a terminal.
    pub(crate) stderr_is_terminal: bool,
    /// Whether stdout is a terminal.
    pub(crate) stdout_is_terminal: bool,
}

/// Which AWS is worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The real one.
    Aws,
    /// The embedded one, kept beside the config.
    Sandbox,
    /// The embedded one, kept in this file.
    SandboxIn(PathBuf),
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Settings {
    /// Reads flags and environment.
    pub(crate) fn new(args: GlobalArgs) -> Self {
        let GlobalArgs {
            config,
            sandbox,
            pools,
            color,
            verbose,
            quiet,
            log_format,
            parallelism,
            kubeconfig: _,
            context: _,
            no_kubernetes: _,
            unlimited_rate,
        } = args;
        let stdout_is_terminal = std::io::stdout().is_terminal();
        let stderr_is_terminal = std::io::stderr().is_terminal();
        let is_dumb = variable("TERM").is_some_and(|term| term == "dumb");
        let colored = |is_terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !is_dumb && variable("NO_COLOR").is_none(),
        };
        let columns = variable("COLUMNS").and_then(|text| text.parse().ok());
        let terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let width = if stdout_is_terminal { terminal.or(columns) } else { columns };
        Self {
            config,
            target: match sandbox.as_deref() {
                None => Target::Aws,
                Some("") => Target::Sandbox,
                Some(file) => Target::SandboxIn(PathBuf::from(file)),
            },
            pools: pools.into_iter().collect(),
            color_stdout: colored(stdout_is_terminal),
            color_stderr: colored(stderr_is_terminal),
            width: width.unwrap_or(WIDTH_WITHOUT_TERMINAL).clamp(NARROWEST, WIDEST),
            verbose,
            quiet,
            log_format,
            log_filter: variable("KMAX_LOG"),
            parallelism: parallelism.map(usize::from),
            unlimited_rate,
            can_ask: std::io::stdin().is_terminal() && stderr_is_terminal,
            stderr_is_terminal,
            stdout_is_terminal,
        }
    }

    /// Returns who runs this, for others who find the lock held.
    pub(crate) fn who() -> String {
        let user = variable("USER").or_else(|| variable("LOGNAME"));
        let host = variable("HOSTNAME").or_else(|| {
            let text = std::fs::read_to_string("/etc/hostname").ok()?;
            Some(text.trim().to_owned()).filter(|name| !name.is_empty())
        });
        let who = match (user, host) {
            (Some(user), Some(host)) => format!("{user}@{host}"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => "unknown".to_owned(),
        };
        // What a tag's value may hold.
        let allowed = |c: char| c.is_alphanumeric() || "+-=._:/@ ".contains(c);
        who.chars().map(|c| if allowed(c) { c } else { '_' }).take(128).collect()
    }
}
