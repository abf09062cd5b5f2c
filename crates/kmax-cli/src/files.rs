//! Files that are written whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use crate::errors::Failure;

/// Writes a file beside itself and renames it: a reader sees the old text or the new one.
///
/// A link is followed, and what is no regular file (a pipe, `/dev/stdout`) is written to as it is:
/// renaming would replace it.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<(), Failure> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if target.metadata().is_ok_and(|file| !file.is_file()) {
        return fs::write(path, text).map_err(Failure::file("write", path));
    }
    let path = target.as_path();
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let temporary = path.with_file_name(name);
    fs::write(&temporary, text).map_err(Failure::file("write", path))?;
    fs::rename(&temporary, path).map_err(|source| {
        // What failed is the rename; that the rest stays behind is the lesser harm.
        let _ = fs::remove_file(&temporary);
        Failure::file("write", path)(source)
    })
}

/// Makes the folder of a file, for `.kmax` with a `.gitignore`: nobody wants it in a commit.
pub(crate) fn make_folder_of(path: &Path) -> Result<(), Failure> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(Failure::file("make the folder", folder))?;
    if folder.file_name().is_some_and(|name| name == ".kmax") {
        let ignore: PathBuf = folder.join(".gitignore");
        fs::write(&ignore, "*\n").map_err(Failure::file("write", ignore))?;
    }
    Ok(())
}
