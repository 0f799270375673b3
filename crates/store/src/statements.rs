//! Which statements ran on which database, for the test that fails when one ran on only one of them.
//!
//! Active in debug builds when `PENDOPO_STATEMENTS` names a folder; a release build holds nothing of it.

#[cfg(debug_assertions)]
pub(crate) fn ran(backend: &'static str, file: &'static str, line: u32) {
    use std::collections::HashSet;
    use std::sync::{LazyLock, Mutex};

    static FOLDER: LazyLock<Option<std::path::PathBuf>> =
        LazyLock::new(|| std::env::var_os("PENDOPO_STATEMENTS").map(Into::into));
    type Seen = HashSet<(&'static str, &'static str, u32)>;
    static SEEN: LazyLock<Mutex<Seen>> = LazyLock::new(Mutex::default);

    let Some(folder) = FOLDER.as_ref() else {
        return;
    };
    let new = SEEN
        .lock()
        .is_ok_and(|mut seen| seen.insert((backend, file, line)));
    if new {
        let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
        // A folder that cannot be written makes the test fail, which is the right outcome.
        let _ = std::fs::write(folder.join(format!("{backend}-{name}-{line}")), "");
    }
}

#[cfg(not(debug_assertions))]
pub(crate) fn ran(_backend: &'static str, _file: &'static str, _line: u32) {}
