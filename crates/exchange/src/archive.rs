//! The tar of a package (POSIX.1-1988 `ustar`): plain files, nothing else.
//!
//! It is not compressed: a blueprint is some tens of kilobytes, whoever carries it may compress it, and there is no bomb
//! in what does not unpack. [`write`] gives the same bytes for the same files; [`read`] takes what any tar program makes
//! of plain files, and refuses links, devices, extensions, and paths that lead elsewhere.

use pendopo_domain::blueprints::{LARGEST, LARGEST_FILE};

use crate::{Files, MOST_FILES, words};

const BLOCK: usize = 512;
/// The most that a package can be: content, and two blocks for each file.
pub const MOST_BYTES: usize = LARGEST + (MOST_FILES + 20) * 2 * BLOCK;
/// Most characters of a path: what the field of a header holds.
const LONGEST_PATH: usize = 100;

words!(
    /// Why a file is no package.
    Refusal {
        NotAnArchive = "not_an_archive",
        Compressed = "compressed",
        CutOff = "cut_off",
        Damaged = "damaged",
        /// A path with `..`, or one that begins at the root.
        ClimbsOut = "climbs_out",
        BadPath = "bad_path",
        Link = "link",
        /// A folder, a device, or an extension of the format.
        NotAFile = "not_a_file",
        Twice = "twice",
        TooManyFiles = "too_many_files",
        TooLarge = "too_large",
        /// Its content is sound, and its bytes are not those that packing it gives.
        NotCanonical = "not_canonical",
    }
);

impl std::error::Error for Refusal {}

/// The files as a tar, in the order of their paths; time, owner and rights are always the same.
pub fn write(files: &Files) -> Vec<u8> {
    let mut bytes = vec![];
    for (path, content) in files {
        bytes.extend(header(path, content.len()));
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    }
    bytes.resize(bytes.len() + 2 * BLOCK, 0);
    bytes
}

fn header(path: &str, length: usize) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut put =
        |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, &path[..path.len().min(LONGEST_PATH)]);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{length:011o}\0"));
    put(136, "00000000000\0");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// The files of a tar.
///
/// # Errors
/// The first reason to refuse it.
pub fn read(bytes: &[u8]) -> Result<Files, Refusal> {
    if [
        &b"\x1f\x8b"[..],
        b"\x28\xb5\x2f\xfd",
        b"BZh",
        b"\xfd7zXZ",
        b"PK",
    ]
    .iter()
    .any(|magic| bytes.starts_with(magic))
    {
        return Err(Refusal::Compressed);
    }
    if bytes.len() > MOST_BYTES {
        return Err(Refusal::TooLarge);
    }
    let (mut files, mut rest, mut total) = (Files::new(), bytes, 0);
    loop {
        let (header, behind) = rest.split_at_checked(BLOCK).ok_or(match files.is_empty() {
            true => Refusal::NotAnArchive,
            false => Refusal::CutOff,
        })?;
        if header.iter().all(|byte| *byte == 0) {
            return match behind.iter().all(|byte| *byte == 0) && !files.is_empty() {
                true => Ok(files),
                false => Err(Refusal::Damaged),
            };
        }
        if &header[257..262] != b"ustar" {
            return Err(Refusal::NotAnArchive);
        }
        if octal(&header[148..156]) != Some(sum(header)) {
            return Err(Refusal::Damaged);
        }
        match header[156] {
            b'0' | 0 => {}
            b'1' | b'2' => return Err(Refusal::Link),
            _ => return Err(Refusal::NotAFile),
        }
        let path = path(header)?;
        let length = octal(&header[124..136]).ok_or(Refusal::Damaged)?;
        let length = usize::try_from(length).map_err(|_| Refusal::TooLarge)?;
        total += length.min(LARGEST + 1);
        if length > LARGEST_FILE || total > LARGEST {
            return Err(Refusal::TooLarge);
        }
        if files.len() >= MOST_FILES {
            return Err(Refusal::TooManyFiles);
        }
        let padded = length.next_multiple_of(BLOCK);
        let (content, behind) = behind.split_at_checked(padded).ok_or(Refusal::CutOff)?;
        if files.insert(path, content[..length].to_vec()).is_some() {
            return Err(Refusal::Twice);
        }
        rest = behind;
    }
}

/// A number in octal digits, ended by a space or a zero byte.
fn octal(field: &[u8]) -> Option<u64> {
    let text: Vec<u8> = field
        .iter()
        .copied()
        .filter(|byte| !matches!(byte, 0 | b' '))
        .collect();
    let text = std::str::from_utf8(&text).ok()?;
    u64::from_str_radix(text, 8).ok()
}

/// The sum of a header, its own field taken as spaces.
fn sum(header: &[u8]) -> u64 {
    let own = |at: usize| (148..156).contains(&at);
    let each = header.iter().enumerate();
    each.map(|(at, byte)| if own(at) { 32 } else { u64::from(*byte) })
        .sum()
}

fn path(header: &[u8]) -> Result<String, Refusal> {
    // A prefix makes a path longer than any of ours.
    if header[345] != 0 {
        return Err(Refusal::BadPath);
    }
    let name = header[..LONGEST_PATH]
        .split(|byte| *byte == 0)
        .next()
        .unwrap_or_default();
    let name = std::str::from_utf8(name).map_err(|_| Refusal::BadPath)?;
    let name = name.strip_prefix("./").unwrap_or(name);
    check_path(name)?;
    Ok(name.to_owned())
}

/// Whether a path is one of a blueprint: plain names, no way out.
pub(crate) fn check_path(path: &str) -> Result<(), Refusal> {
    if path.starts_with(['/', '\\']) || path.split(['/', '\\']).any(|part| part == "..") {
        return Err(Refusal::ClimbsOut);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let good = |part: &str| !part.is_empty() && part != "." && part.chars().all(plain);
    match path.len() <= LONGEST_PATH && path.split('/').all(good) {
        true => Ok(()),
        false => Err(Refusal::BadPath),
    }
}
