//! Where the account is kept: in memory, or in a file that several processes share.
//!
//! The file begins with a line that says what it is. Each further line holds what one call
//! changed, so that a call costs what it touches and not what the account holds. When the file
//! has grown well beyond the account it is written anew, beside itself, and renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::sandbox::Sandbox;
use crate::seed::Seed;
use crate::state::Changes;

const FORMAT: &str = "kmax-sandbox";
const FORMAT_VERSION: u32 = 1;
/// The first line is short: a file without a line break in so many bytes is something else.
const LONGEST_HEADER: u64 = 1_024;
/// The file is written anew when it is more than twice as long as it was, and this beside.
const SLACK: u64 = 1 << 20;

/// The sandbox's file can't be used. It is left as it is.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file system failed.
    #[error("can't {what} `{}`", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("`{}` is not the state of a sandbox", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A later kmax wrote it.
    #[error("`{}` has format {found}, this kmax reads format {FORMAT_VERSION}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// A line of it can't be read.
    #[error("line {line} of the sandbox `{}` can't be read", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// Its end is missing.
    #[error("the sandbox `{}` is cut off in line {line}", path.display())]
    CutOff {
        /// The file.
        path: PathBuf,
        /// The last line.
        line: usize,
    },
    /// The state has no JSON.
    #[error("the sandbox's state can't be written as JSON")]
    Json(#[source] serde_json::Error),
}

impl StoreError {
    /// Returns what a person can do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Io { .. } => "check the path and its permissions".to_owned(),
            Self::Foreign { path } => {
                format!(
                    "name another file with --sandbox=FILE; `{}` was left as it is",
                    path.display()
                )
            }
            Self::Version { .. } => {
                "use the kmax that wrote it, or begin anew with `kmax sandbox reset`".to_owned()
            }
            Self::Corrupt { .. } | Self::CutOff { .. } | Self::Json(_) => {
                "put back a copy of it, or begin anew with `kmax sandbox reset`".to_owned()
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    format_version: u32,
    /// Differs whenever the file was written anew.
    id: String,
}

/// Holds an account.
pub(crate) enum Store {
    Memory(Box<Sandbox>),
    File(Box<FileStore>),
}

impl Store {
    /// Looks at the account or changes it, alone.
    pub(crate) fn with<R>(&mut self, f: impl FnOnce(&mut Sandbox) -> R) -> Result<R, StoreError> {
        match self {
            Self::Memory(sandbox) => {
                let result = f(sandbox);
                sandbox.take_changes();
                Ok(result)
            }
            Self::File(store) => store.with(f),
        }
    }
}

pub(crate) struct FileStore {
    path: PathBuf,
    seed: Seed,
    sandbox: Sandbox,
    /// The id in the header of the file that was read; none before.
    id: Option<String>,
    /// How far the file was read.
    read_to: u64,
    /// How many lines that were.
    lines: usize,
    /// How long the file was when it was written whole.
    whole: u64,
}

/// Holds the lock until it goes out of scope.
struct Locked {
    file: File,
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing the file would release it as well; there is nothing to do about a failure.
        let _ = self.file.unlock();
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

impl FileStore {
    /// Opens a file; one that is not there is made from the seed.
    pub(crate) fn open(path: &Path, seed: &Seed) -> Result<Self, StoreError> {
        let mut store = Self::of(path, seed, Sandbox::empty());
        store.with(|_| ())?;
        Ok(store)
    }

    fn of(path: &Path, seed: &Seed, sandbox: Sandbox) -> Self {
        Self {
            path: path.to_owned(),
            seed: seed.clone(),
            sandbox,
            id: None,
            read_to: 0,
            lines: 0,
            whole: 0,
        }
    }

    fn io(&self, what: &'static str) -> impl FnOnce(io::Error) -> StoreError {
        let path = self.path.clone();
        move |source| StoreError::Io { what, path, source }
    }

    fn lock(&self) -> Result<Locked, StoreError> {
        let path = with_suffix(&self.path, ".lock");
        let failed = |source| StoreError::Io { what: "lock", path: path.clone(), source };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(Locked { file })
    }

    fn with<R>(&mut self, f: impl FnOnce(&mut Sandbox) -> R) -> Result<R, StoreError> {
        let _locked = self.lock()?;
        self.refresh()?;
        let result = f(&mut self.sandbox);
        let changes = self.sandbox.take_changes();
        if !changes.is_empty()
            && let Err(error) = self.append(&changes)
        {
            // What is in memory is ahead of the file: the next call reads it again.
            self.id = None;
            return Err(error);
        }
        Ok(result)
    }

    /// Begins anew, whatever the file holds.
    pub(crate) fn reset(path: &Path, seed: &Seed) -> Result<(), StoreError> {
        let mut store = Self::of(path, seed, Sandbox::new(seed));
        let _locked = store.lock()?;
        store.write_whole()
    }

    /// Catches up with what others wrote.
    fn refresh(&mut self) -> Result<(), StoreError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.sandbox = Sandbox::new(&self.seed);
                return self.write_whole();
            }
            Err(error) => return Err(self.io("open")(error)),
        };
        let length = file.metadata().map_err(self.io("read"))?.len();
        let mut reader = BufReader::new(file);
        let mut line = String::new();
        let header = reader.by_ref().take(LONGEST_HEADER).read_line(&mut line);
        let header = match header {
            Ok(_) => self.header(&line)?,
            // Bytes that are no text are no header.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(StoreError::Foreign { path: self.path.clone() });
            }
            Err(error) => return Err(self.io("read")(error)),
        };
        if self.id.as_ref() == Some(&header.id) && length >= self.read_to {
            if length == self.read_to {
                return Ok(());
            }
            reader.seek(SeekFrom::Start(self.read_to)).map_err(self.io("read"))?;
        } else {
            self.sandbox = Sandbox::empty();
            self.id = None;
            self.read_to = line.len() as u64;
            self.lines = 1;
            self.whole = length;
        }
        self.read_changes(&mut reader)?;
        self.id = Some(header.id);
        Ok(())
    }

    fn header(&self, line: &str) -> Result<Header, StoreError> {
        let header: Header = serde_json::from_str(line)
            .map_err(|_| StoreError::Foreign { path: self.path.clone() })?;
        if header.format != FORMAT || !line.ends_with('\n') {
            return Err(StoreError::Foreign { path: self.path.clone() });
        }
        if header.format_version != FORMAT_VERSION {
            let found = header.format_version;
            return Err(StoreError::Version { path: self.path.clone(), found });
        }
        Ok(header)
    }

    fn read_changes(&mut self, reader: &mut BufReader<File>) -> Result<(), StoreError> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line).map_err(self.io("read"))?;
            if length == 0 {
                break;
            }
            let number = self.lines + 1;
            let failed = if line.ends_with(b"\n") {
                match serde_json::from_slice::<Changes>(&line) {
                    Ok(changes) => {
                        self.sandbox.state.take_over(changes);
                        None
                    }
                    Err(source) => {
                        let path = self.path.clone();
                        Some(StoreError::Corrupt { path, line: number, source })
                    }
                }
            } else {
                Some(StoreError::CutOff { path: self.path.clone(), line: number })
            };
            if let Some(error) = failed {
                self.id = None;
                return Err(error);
            }
            self.lines = number;
            self.read_to += length as u64;
        }
        if self.lines < 2 {
            // The account itself is missing.
            self.id = None;
            return Err(StoreError::CutOff { path: self.path.clone(), line: self.lines });
        }
        Ok(())
    }

    fn append(&mut self, changes: &Changes) -> Result<(), StoreError> {
        if self.read_to > 2 * self.whole + SLACK {
            return self.write_whole();
        }
        let mut line = serde_json::to_vec(changes).map_err(StoreError::Json)?;
        line.push(b'\n');
        let file = OpenOptions::new().append(true).open(&self.path).map_err(self.io("write"))?;
        if let Err(error) = (&file).write_all(&line) {
            // Half a line would make the file unreadable.
            let _ = file.set_len(self.read_to);
            return Err(self.io("write")(error));
        }
        self.read_to += line.len() as u64;
        self.lines += 1;
        Ok(())
    }

    fn write_whole(&mut self) -> Result<(), StoreError> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
        let id = format!("{since:x}-{:x}", std::process::id());
        let header =
            Header { format: FORMAT.to_owned(), format_version: FORMAT_VERSION, id: id.clone() };
        let mut text = serde_json::to_vec(&header).map_err(StoreError::Json)?;
        text.push(b'\n');
        serde_json::to_writer(&mut text, &self.sandbox.state.whole()).map_err(StoreError::Json)?;
        text.push(b'\n');
        let temporary = with_suffix(&self.path, ".new");
        fs::write(&temporary, &text).map_err(self.io("write"))?;
        fs::rename(&temporary, &self.path).map_err(self.io("write"))?;
        self.sandbox.take_changes();
        self.id = Some(id);
        self.read_to = text.len() as u64;
        self.whole = self.read_to;
        self.lines = 2;
        Ok(())
    }
}
