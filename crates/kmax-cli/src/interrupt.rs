//! Ctrl-C and SIGTERM.

use std::future::Future;

use crate::errors::{Exit, Failure};
use crate::output::Printer;

/// Waits until somebody wants this process to end.
async fn wait() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Where signals can't be listened for, the default action ends the process.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Awaits something that only reads: it is dropped when somebody wants the process to end.
pub(crate) async fn or_cancel<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    tokio::select! {
        output = future => Ok(output),
        () = wait() => Err(Failure::Cancelled("cancelled")),
    }
}

/// Cancels in good order at the first signal and at once at the second.
pub(crate) fn watch(cancel: kmax_applier::Cancel, printer: Printer) {
    tokio::spawn(async move {
        wait().await;
        cancel.cancel();
        printer.say("Stopping: calls in flight are finished. Ctrl-C again stops at once.");
        wait().await;
        std::process::exit(i32::from(Exit::Cancelled.code()));
    });
}
