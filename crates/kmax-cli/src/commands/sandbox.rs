//! `kmax sandbox`.

use std::time::Duration;

use clap::{Args, Subcommand};
use kmax_model::Address;
use kmax_sandbox::{Fault, Sandbox, SandboxPort};

use crate::clients;
use crate::commands::Context;
use crate::errors::{Exit, Failure};
use crate::files;
use crate::project::Paths;
use crate::views::sandbox as view;

#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    #[command(subcommand)]
    command: SandboxCommand,
}

/// What can be done to the embedded AWS.
#[derive(Debug, Subcommand)]
enum SandboxCommand {
    /// Shows what there is.
    Show {
        /// Prints it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Sets fields as a person in the console would.
    Set {
        /// Such as auto_scaling_group.dsp-8c64g-kmax.max=7.
        #[arg(required = true, value_name = "ADDRESS.FIELD=VALUE")]
        assignments: Vec<String>,
    },
    /// Takes fields away as a person in the console would.
    Unset {
        /// Such as auto_scaling_group.dsp-8c64g-kmax.tags.team.
        #[arg(required = true, value_name = "ADDRESS.FIELD")]
        fields: Vec<String>,
    },
    /// Deletes an object by hand; a group with its nodes.
    Delete {
        /// Such as auto_scaling_group.dsp-8c64g-kmax.
        #[arg(value_name = "ADDRESS")]
        address: Address,
    },
    /// Runs so many nodes in a group, as Cluster Autoscaler would.
    Scale {
        /// The group's name.
        group: String,
        /// How many nodes.
        nodes: u32,
    },
    /// Terminates a node.
    Terminate {
        /// The id of its instance.
        instance: String,
    },
    /// Makes a template and a plain group of one instance type, as a person would.
    CreatePlain {
        /// The name of both.
        name: String,
        /// The instance type.
        instance_type: String,
        /// How many nodes.
        #[arg(default_value_t = 0)]
        nodes: u32,
    },
    /// Lets time pass.
    Age {
        /// How much, such as 2h.
        #[arg(value_parser = humantime::parse_duration)]
        duration: Duration,
    },
    /// Hides what is new from the next so many reads; 0 ends it.
    Delay {
        /// How many reads.
        reads: u32,
    },
    /// Makes the next release of AMIs the recommended one.
    ReleaseImages,
    /// Orders faults, or takes them all back.
    Fault {
        /// Written OPERATION[@NTH][xCOUNT]=KIND, such as CreateLaunchTemplatex3=Throttling.
        #[arg(value_name = "FAULT", required_unless_present = "clear")]
        faults: Vec<Fault>,
        /// Takes back all faults.
        #[arg(long, conflicts_with = "faults")]
        clear: bool,
    },
    /// Adds what the config names and the sandbox lacks.
    Complete,
    /// Begins anew with what the config names.
    Reset,
}

pub(crate) fn run(context: &Context, args: SandboxArgs) -> Result<Exit, Failure> {
    let Context { settings, printer } = context;
    let paths = Paths::find(settings)?;
    let config = paths.read_config()?;
    let seed = clients::seed(&config);
    if let SandboxCommand::Reset = args.command {
        let path = clients::sandbox_path(settings, &paths);
        files::make_folder_of(&path)?;
        SandboxPort::reset(&path, &seed)?;
        printer.say(&format!("Began `{}` anew with what the config names.", path.display()));
        return Ok(Exit::Done);
    }
    let port = clients::open_sandbox(settings, &paths, &config)?;
    match args.command {
        SandboxCommand::Show { json } => {
            let summary = port.with(|sandbox| sandbox.show())?;
            if json {
                printer.json(&view::Document::new(&summary))?;
            } else {
                printer.lines(&view::text(&summary, settings.verbose > 0))?;
            }
        }
        SandboxCommand::Set { assignments } => {
            tamper(&port, |sandbox| assignments.iter().try_for_each(|a| sandbox.assign(a)))?;
            printer.say(&format!("Set {}.", assignments.join(", ")));
        }
        SandboxCommand::Unset { fields } => {
            tamper(&port, |sandbox| fields.iter().try_for_each(|field| sandbox.unset(field)))?;
            printer.say(&format!("Took {} away.", fields.join(", ")));
        }
        SandboxCommand::Delete { address } => {
            tamper(&port, |sandbox| sandbox.delete(&address))?;
            printer.say(&format!("Deleted {address}."));
        }
        SandboxCommand::Scale { group, nodes } => {
            tamper(&port, |sandbox| sandbox.scale(&group, nodes))?;
            printer.say(&format!(
                "{group} runs {}.",
                crate::views::words::count(nodes as usize, "node")
            ));
        }
        SandboxCommand::Terminate { instance } => {
            tamper(&port, |sandbox| sandbox.terminate(&instance))?;
            printer.say(&format!("Terminated {instance}."));
        }
        SandboxCommand::CreatePlain { name, instance_type, nodes } => {
            tamper(&port, |sandbox| sandbox.create_plain_pool(&name, &instance_type, nodes))?;
            printer.say(&format!("Made the template and the group {name} by hand."));
        }
        SandboxCommand::Age { duration } => {
            port.with(|sandbox| sandbox.age(duration.as_secs()))?;
            printer.say(&format!("{} have passed.", humantime::format_duration(duration)));
        }
        SandboxCommand::Delay { reads } => {
            port.with(|sandbox| sandbox.set_delay(reads))?;
            printer.say(&match reads {
                0 => "What is new is seen at once.".to_owned(),
                _ => format!("The next {reads} reads miss what is new."),
            });
        }
        SandboxCommand::ReleaseImages => {
            let release = port.with(Sandbox::release_amis)?;
            printer.say(&match release {
                Some(date) => format!("The release of {date} is the recommended one."),
                None => "There is no later release.".to_owned(),
            });
        }
        SandboxCommand::Fault { faults, clear } => {
            port.with(|sandbox| {
                if clear {
                    sandbox.clear_faults();
                }
                faults.iter().cloned().for_each(|fault| sandbox.add_fault(fault));
            })?;
            let ordered = port.with(|sandbox| sandbox.faults())?;
            printer.say(&match ordered.as_slice() {
                [] => "No fault is to come.".to_owned(),
                faults => {
                    let words: Vec<String> = faults.iter().map(ToString::to_string).collect();
                    format!("To come: {}.", words.join(", "))
                }
            });
        }
        SandboxCommand::Complete => {
            let added = port.with(|sandbox| sandbox.complete(&seed))?;
            printer.say(&match added.as_slice() {
                [] => "Nothing was missing.".to_owned(),
                added => format!("Added {}.", added.join(", ")),
            });
        }
        // Done above, before anything was opened.
        SandboxCommand::Reset => {}
    }
    Ok(Exit::Done)
}

/// Tampers: nothing of it stays where one part is refused.
fn tamper(
    port: &SandboxPort,
    act: impl FnOnce(&mut Sandbox) -> Result<(), kmax_sandbox::TamperError>,
) -> Result<(), Failure> {
    port.with(|sandbox| {
        let before = sandbox.clone();
        let result = act(sandbox);
        if result.is_err() {
            *sandbox = before;
        }
        result
    })??;
    Ok(())
}
