//! The arguments that all commands share, and the list of commands.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use kmax_model::PoolId;

use crate::commands::{
    apply, completions, drift, init, lock, plan, render, sandbox, schema, show, validate,
};
use crate::errors::Failure;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 error or something could not be read, 2 changes or drift found, 3 refused, \
4 applied in part, 64 usage, 130 cancelled.";

/// The worker nodes of an EKS cluster, from one file.
#[derive(Debug, Parser)]
#[command(name = "kmax", version, styles = STYLES, after_help = AFTER_HELP)]
#[command(disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// The config; by default kmax.toml here or in a folder above.
    #[arg(short, long, global = true, value_name = "FILE", env = "KMAX_CONFIG", hide_env = true)]
    pub(crate) config: Option<PathBuf>,
    /// Works on the embedded AWS instead of the real one, kept in FILE; by default
    /// .kmax/sandbox.json beside the config.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    pub(crate) sandbox: Option<String>,
    /// Only this pool; may be given several times.
    #[arg(long = "pool", global = true, value_name = "TEAM/KEY")]
    pub(crate) pools: Vec<PoolId>,
    /// When to colour.
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
    /// Shows everything; twice, what kmax does as well; three times, every call.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Says nothing but results and errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// How log lines are written.
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    /// How many changes are applied at once.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) parallelism: Option<u16>,
    /// The kubeconfig.
    #[arg(long, global = true, value_name = "FILE", hide = true)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig.
    #[arg(long, global = true, value_name = "NAME", hide = true)]
    pub(crate) context: Option<String>,
    /// Leaves Kubernetes out.
    #[arg(long, global = true, hide = true)]
    pub(crate) no_kubernetes: bool,
    /// Lifts the limits below AWS's own, for measurements.
    #[arg(long, global = true, hide = true)]
    pub(crate) unlimited_rate: bool,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For pull requests.
    Markdown,
}

/// How a command writes its result.
#[derive(Clone, Debug, Args)]
pub(crate) struct FormatArgs {
    /// How the result is written.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Short for --format json.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// The most bytes of markdown; what is beyond is cut, with a pointer.
    #[arg(long, value_name = "N")]
    max_bytes: Option<usize>,
}

impl FormatArgs {
    /// Returns the format.
    pub(crate) fn format(&self) -> Result<Format, Failure> {
        let format = if self.json { Format::Json } else { self.format };
        if self.max_bytes.is_some() && format != Format::Markdown {
            return Err(Failure::usage(
                "--max-bytes is for markdown",
                "add `--format markdown`, or leave it out",
            ));
        }
        Ok(format)
    }

    /// Returns the most bytes of markdown.
    pub(crate) fn max_bytes(&self) -> usize {
        self.max_bytes.unwrap_or(usize::MAX)
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Writes a commented kmax.toml.
    Init(init::InitArgs),
    /// Checks kmax.toml and kmax.lock; needs no network.
    Validate(validate::ValidateArgs),
    /// Resolves specs and images into kmax.lock.
    Lock(lock::LockArgs),
    /// Says what would change, and what that does to nodes.
    Plan(plan::PlanArgs),
    /// Shows a saved plan again.
    Show(show::ShowArgs),
    /// Does what a plan says: a saved one, one named by its digest, or a fresh one after a yes.
    Apply(apply::ApplyArgs),
    /// Says what differs though nobody changed the config.
    Drift(drift::DriftArgs),
    /// Prints the user data of one pool, as it will be sent.
    Render(render::RenderArgs),
    /// Prints the JSON Schema of kmax.toml, or of what a command prints as JSON.
    Schema(schema::SchemaArgs),
    /// Prints a completion script for a shell.
    Completions(completions::CompletionsArgs),
    /// Looks into, tampers with, ages and resets the embedded AWS.
    Sandbox(sandbox::SandboxArgs),
}
