//! Log lines on stderr.

use std::io::stderr;

use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;
use crate::errors::Failure;
use crate::settings::Settings;

/// Sends log lines to stderr, as many as `-v` or `KMAX_LOG` asks for.
pub(crate) fn start(settings: &Settings) -> Result<(), Failure> {
    let level = match settings.verbose {
        0 | 1 => "warn",
        2 => "info",
        _ => "debug",
    };
    let directives = settings.log_filter.clone().unwrap_or_else(|| {
        let kmax = ["applier", "aws", "cloud", "sandbox"];
        let kmax = kmax.map(|name| format!("kmax_{name}={level}"));
        format!("error,{}", kmax.join(","))
    });
    let filter = EnvFilter::try_new(&directives).map_err(|error| {
        Failure::usage(
            format!("KMAX_LOG is `{directives}`: {error}"),
            "write it as in `KMAX_LOG=kmax_aws=debug`",
        )
    })?;
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_target(false);
    match settings.log_format {
        LogFormat::Text => subscriber.with_ansi(settings.color_stderr).compact().init(),
        LogFormat::Json => subscriber.json().init(),
    }
    Ok(())
}
