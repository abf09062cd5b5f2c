//! kmax.toml and kmax.lock, found and read.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use kmax_config::{Config, Lock};

use crate::errors::Failure;
use crate::settings::Settings;

const CONFIG_NAME: &str = "kmax.toml";

/// Where a config and what belongs to it lie.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    /// The config.
    pub(crate) config: PathBuf,
    /// The lock beside it: `kmax.lock` of `kmax.toml`.
    pub(crate) lock: PathBuf,
}

/// A config with its lock.
#[derive(Debug)]
pub(crate) struct Project {
    /// Where they lie.
    pub(crate) paths: Paths,
    /// The config.
    pub(crate) config: Config,
    /// The lock; empty where there is no file.
    pub(crate) lock: Lock,
}

impl Paths {
    /// Finds the config: the one named, else kmax.toml here or above.
    pub(crate) fn find(settings: &Settings) -> Result<Self, Failure> {
        if let Some(config) = &settings.config {
            return Ok(Self::of(config.clone()));
        }
        let here = std::env::current_dir().map_err(Failure::file("find", "."))?;
        for folder in here.ancestors() {
            let path = folder.join(CONFIG_NAME);
            if path.is_file() {
                let is_here = folder == here;
                return Ok(Self::of(if is_here { PathBuf::from(CONFIG_NAME) } else { path }));
            }
        }
        Err(Failure::NoConfig(here))
    }

    /// Returns where a new config belongs: the path named, else kmax.toml here.
    pub(crate) fn for_new(settings: &Settings) -> Self {
        Self::of(settings.config.clone().unwrap_or_else(|| PathBuf::from(CONFIG_NAME)))
    }

    fn of(config: PathBuf) -> Self {
        Self { lock: config.with_extension("lock"), config }
    }

    /// Returns a path relative to the config's folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.config.parent().unwrap_or(Path::new("")).join(name)
    }

    /// Reads the config.
    pub(crate) fn read_config(&self) -> Result<Config, Failure> {
        let text = fs::read_to_string(&self.config).map_err(Failure::file("read", &self.config))?;
        let files =
            |name: &str| fs::read_to_string(self.beside(name)).map_err(|error| error.to_string());
        Ok(Config::parse(&self.config.display().to_string(), &text, &files)?)
    }

    /// Reads the lock; without a file it is empty.
    pub(crate) fn read_lock(&self) -> Result<Lock, Failure> {
        match fs::read_to_string(&self.lock) {
            Ok(text) => Ok(Lock::parse(&self.lock.display().to_string(), &text)?),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Lock::default()),
            Err(error) => Err(Failure::file("read", &self.lock)(error)),
        }
    }
}

impl Project {
    /// Finds and reads both files.
    pub(crate) fn open(settings: &Settings) -> Result<Self, Failure> {
        let paths = Paths::find(settings)?;
        let config = paths.read_config()?;
        let lock = paths.read_lock()?;
        Ok(Self { paths, config, lock })
    }
}
