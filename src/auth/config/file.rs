//! Reads a file with public keys.

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
};

/// In bytes. Equal to the maximum size of a key set from a URL.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Returns the text of a file, or the end of the error about it. The error does not show the path,
/// which may be a secret in the wrong field.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let unreadable = |error| {
        format!("names a file that cannot be read ({error}); check the path and the permissions")
    };
    // Checked before opening the file, because opening a FIFO blocks until a writer appears.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err("does not name a regular file; set it to the path of one".into());
    }
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    let read = file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text);
    read.map_err(unreadable)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(format!(
            "names a file that is larger than {} KiB; check that it is the right file",
            MAX_FILE_BYTES / 1024
        ));
    }
    Ok(text)
}
