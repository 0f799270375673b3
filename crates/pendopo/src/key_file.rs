//! The key of the node: 64 hexadecimal digits in a file that only its owner may read.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, bail};
use pendopo_domain::time::Entropy;
use pendopo_operations::store::MasterKey;

use crate::say::Say;

const KEY_BYTES: usize = 32;
/// More than the file ever holds; a longer one is another file.
const MOST_BYTES: u64 = 1_024;

/// Reads the key; `None` when there is no such file.
pub fn read(say: &Say, path: &Path) -> anyhow::Result<Option<MasterKey>> {
    let shown = path.display().to_string();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).context(say.text("cli-cannot-read", &[("file", &shown)]));
        }
    };
    let unreadable = || say.text("cli-cannot-read", &[("file", &shown)]);
    let mode = file
        .metadata()
        .with_context(unreadable)?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        say.progress("cli-key-open", &[("file", &shown)]);
    }
    let mut text = String::new();
    file.take(MOST_BYTES)
        .read_to_string(&mut text)
        .with_context(unreadable)?;
    match digits(text.trim()) {
        Some(bytes) => Ok(Some(MasterKey::new(bytes))),
        None => bail!(say.text("cli-key-unreadable", &[("file", &shown)])),
    }
}

/// Makes a new key. If another process was faster, its key counts.
pub fn make(say: &Say, path: &Path, entropy: &dyn Entropy) -> anyhow::Result<MasterKey> {
    let shown = path.display().to_string();
    let failed = || say.text("cli-cannot-write", &[("file", &shown)]);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(failed)?;
    }
    let mut bytes = [0; KEY_BYTES];
    entropy.fill(&mut bytes);
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let made = write_new(path, &format!("{text}\n"));
    if matches!(&made, Err(error) if error.kind() == ErrorKind::AlreadyExists) {
        return read(say, path)?.with_context(failed);
    }
    made.with_context(failed)?;
    say.progress("cli-key-made", &[("file", &shown)]);
    Ok(MasterKey::new(bytes))
}

/// Writes a new file that only its owner may read, and waits until it is on disk.
pub fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    sync_folder(path)
}

/// Makes the name of a file durable, not its content alone.
pub fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

fn digits(text: &str) -> Option<[u8; KEY_BYTES]> {
    if text.len() != 2 * KEY_BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; KEY_BYTES];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_exactly_64_hexadecimal_digits() {
        assert_eq!(digits(&"0f".repeat(32)), Some([15; 32]));
        for bad in [
            "",
            &"0f".repeat(31),
            &"0g".repeat(32),
            &"é".repeat(32),
            &"+f".repeat(32),
        ] {
            assert!(digits(bad).is_none(), "{bad}");
        }
    }
}
