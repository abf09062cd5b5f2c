//! The commands, a file each.

pub(crate) mod apply;
pub(crate) mod completions;
pub(crate) mod drift;
pub(crate) mod init;
pub(crate) mod lock;
pub(crate) mod plan;
pub(crate) mod render;
pub(crate) mod sandbox;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod validate;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kmax_cloud::{CloudError, OnRetry, Operation};

use crate::args::Command;
use crate::clients;
use crate::engine::Engine;
use crate::errors::{Exit, Failure};
use crate::output::Printer;
use crate::project::Project;
use crate::settings::Settings;

/// What every command has at hand.
#[derive(Clone)]
pub(crate) struct Context {
    /// Flags and environment.
    pub(crate) settings: Settings,
    /// Where results go.
    pub(crate) printer: Printer,
}

/// Runs a command.
pub(crate) async fn run(context: Context, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Init(args) => init::run(&context, &args),
        Command::Validate(args) => validate::run(&context, &args),
        Command::Lock(args) => lock::run(&context, args).await,
        Command::Plan(args) => plan::run(&context, &args).await,
        Command::Show(args) => show::run(&context, &args),
        Command::Apply(args) => apply::run(&context, &args).await,
        Command::Drift(args) => drift::run(&context, &args).await,
        Command::Render(args) => render::run(&context, &args).await,
        Command::Schema(args) => schema::run(&context, &args),
        Command::Completions(args) => completions::run(&context, &args),
        Command::Sandbox(args) => sandbox::run(&context, args),
    }
}

impl Context {
    /// Reads the project and connects to its AWS. Retries are said on stderr, of an operation and an
    /// error once: a network that is gone strikes every call again and again.
    pub(crate) async fn engine(&self) -> Result<Engine, Failure> {
        let (printer, says_all) = (self.printer.clone(), self.settings.verbose > 0);
        let said: Mutex<BTreeSet<(Operation, String)>> = Mutex::default();
        self.engine_with(Arc::new(move |error, delay| {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            if said.insert((error.operation, error.code.clone())) || says_all {
                printer.say(&retry_words(error, delay));
            }
        }))
        .await
    }

    /// Reads the project and connects to its AWS.
    pub(crate) async fn engine_with(&self, on_retry: OnRetry) -> Result<Engine, Failure> {
        let project = Project::open(&self.settings)?;
        let aws = clients::connect(&self.settings, &project, on_retry).await?;
        Ok(Engine::new(aws, project))
    }
}

/// Says that a call is tried again.
pub(crate) fn retry_words(error: &CloudError, delay: Duration) -> String {
    let delay = Duration::from_millis(delay.as_millis() as u64);
    format!("{error}; trying again in {}", humantime::format_duration(delay))
}

/// A guard raised for one run.
#[derive(Clone, Debug)]
pub(crate) struct Allow {
    rule: String,
    bound: u32,
}

/// The guards.
const GUARDS: [&str; 2] = ["nodes_terminated", "pools_destroyed"];

impl FromStr for Allow {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (rule, bound) = text
            .split_once('=')
            .ok_or_else(|| "write it as RULE=N, as in nodes_terminated=4".to_owned())?;
        if !GUARDS.contains(&rule) {
            return Err(format!("there is no guard `{rule}`: it is one of {}", GUARDS.join(", ")));
        }
        let bound = bound.parse().map_err(|_| format!("`{bound}` is not a whole number"))?;
        Ok(Self { rule: rule.to_owned(), bound })
    }
}

/// Returns the raised guards by rule; the last of a rule holds.
pub(crate) fn allowances(allow: &[Allow]) -> BTreeMap<String, u32> {
    allow.iter().map(|Allow { rule, bound }| (rule.clone(), *bound)).collect()
}
