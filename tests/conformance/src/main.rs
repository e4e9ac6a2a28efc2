//! Writes `docs/conformance.md`; see `tests/conformance/run`.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use tower_jwt_auth_conformance::{
    document::{self, PAGE},
    root,
    sources::missing,
    wycheproof::raw,
};

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let folder = arguments.next().map(PathBuf::from);
    let result = match (&folder, arguments.next()) {
        (Some(folder), Some(option)) if option == "--signatures" => signatures(folder),
        _ => write(folder),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the results of this backend for [`document::write`].
fn signatures(folder: &Path) -> Result<(), String> {
    for row in raw::run(&folder.join("wycheproof"))? {
        let counts = &row.counts;
        let _ = writeln!(
            io::stdout(),
            "{} {} {} {}",
            row.algorithm,
            counts.vectors,
            row.unsupported,
            counts.acceptable_accepted
        );
    }
    Ok(())
}

/// Writes the page, or without a folder, only its first part.
fn write(folder: Option<PathBuf>) -> Result<(), String> {
    let path = root().join(PAGE);
    let missing = missing(folder.as_deref());
    let page = match folder {
        Some(folder) if missing.is_empty() => document::write(&root(), &folder)?,
        Some(_) => return Err(format!("missing in the folder:\n{}", missing.join("\n"))),
        None => {
            let _ = writeln!(
                io::stderr(),
                "only the counts of this repository are written; the others need a folder with:\n{}",
                missing.join("\n")
            );
            let page = fs::read_to_string(&path).map_err(|error| error.to_string())?;
            document::with_own_counts(&root(), &page)?
        }
    };
    fs::write(&path, page).map_err(|error| error.to_string())
}
