//! The results that were committed before: what a figure is compared with.

use std::fmt::Write as _;
use std::path::PathBuf;

/// Where results are kept.
fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("results")
}

/// What stood in the newest result of this scenario with so many clients: how many a second.
pub(crate) fn per_second(scenario: &str, clients: usize) -> Option<u64> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory()).ok()?.flatten().map(|entry| entry.path()).collect();
    files.sort_unstable();
    let start = format!("| {scenario} | {clients} | ");
    files.iter().rev().find_map(|file| {
        let text = std::fs::read_to_string(file).ok()?;
        // The newest section is the last.
        let line = text.lines().rev().find_map(|line| line.strip_prefix(&start))?;
        line.split(' ').next()?.replace(',', "").parse().ok()
    })
}

/// Adds a section to the day's results.
pub(crate) fn keep(date: &str, section: &str) -> Result<PathBuf, String> {
    let file = directory().join(format!("{date}.md"));
    let mut text = std::fs::read_to_string(&file).unwrap_or_default();
    if !text.is_empty() {
        text.push('\n');
    }
    write!(text, "{section}").map_err(|error| error.to_string())?;
    std::fs::write(&file, text).map_err(|error| error.to_string())?;
    Ok(file)
}
