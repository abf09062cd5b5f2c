//! moto with kmax's patches: one server for each test binary, an account for each test.

mod account;
mod fault;
mod http;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, mpsc};
use std::time::Duration;

pub use account::{Account, Calls, Refused, Seeded};
pub use fault::{Fault, FaultKind};

use crate::layer;

/// Python starts in seconds; a machine under load takes longer.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// A running server. It ends when its stdin closes: at the end of this process, however that
/// comes.
#[derive(Debug)]
pub struct Moto {
    url: String,
    accounts: AtomicU32,
    _stdin: Mutex<Option<ChildStdin>>,
    _child: Mutex<Child>,
}

/// Returns this process's server, started at the first call, or says that the wire layer is left
/// out.
pub fn server() -> Option<&'static Moto> {
    static SERVER: OnceLock<Option<Moto>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        let python = layer::root().join("target/servers/venv/bin/python");
        python.exists().then(|| Moto::start(&python))
    });
    if server.is_none() {
        layer::left_out("wire layer", "moto, which tests/servers.sh installs");
    }
    server.as_ref()
}

impl Moto {
    fn start(python: &Path) -> Self {
        let script = layer::root().join("tests/moto/server.py");
        let mut child = Command::new(python)
            .arg(&script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} did not start: {error}", script.display()));
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("stdout is piped");
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            for line in lines {
                if let Some(url) = line.strip_prefix("ready ") {
                    // Nobody listens any more where the start took too long.
                    let _ = sender.send(url.to_owned());
                }
            }
        });
        let url = receiver.recv_timeout(START_TIMEOUT).unwrap_or_else(|error| {
            let _ = child.kill();
            panic!("{} did not get ready: {error}", script.display())
        });
        Self {
            url,
            accounts: AtomicU32::new(1),
            _stdin: Mutex::new(stdin),
            _child: Mutex::new(child),
        }
    }

    /// Returns where it answers: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns an account that no other test of this process has.
    pub fn account(&'static self) -> Account {
        let number = self.accounts.fetch_add(1, Ordering::Relaxed);
        Account::new(self, format!("1000{number:08}"))
    }

    /// Empties all accounts.
    pub fn reset(&self) {
        let (status, body) = http::request(&self.url, "POST", "/moto-api/reset", "");
        assert_eq!(status, 200, "reset: {body}");
    }
}
