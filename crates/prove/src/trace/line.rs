//! One line of `strace -f -y -xx`: `1234 pwrite64(9<\x2f…>, "\x37…", 4096, 0) = 4096`.

use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// Splits the number of the thread off.
pub fn thread(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = line.iter().position(|byte| *byte == b' ')?;
    let rest = line[end..].trim_ascii_start();
    (!rest.is_empty()).then_some((&line[..end], rest))
}

/// What follows `<... name resumed>`, if this is the end of a call.
pub fn resumed(rest: &[u8]) -> Option<&[u8]> {
    const MARK: &[u8] = b" resumed>";
    let rest = rest.strip_prefix(b"<... ")?;
    let at = rest.windows(MARK.len()).position(|part| part == MARK)?;
    Some(&rest[at + MARK.len()..])
}

/// A descriptor as strace prints it.
#[derive(Debug, PartialEq, Eq)]
pub enum Fd {
    /// `9</tmp/city.db>`
    Path(i64, PathBuf),
    /// A socket, a pipe: `12<socket:[5]>`, with what stands in the brackets.
    Other(String),
    /// Not a descriptor at all.
    None,
}

/// A call with its arguments as they stand in the line.
pub struct Call {
    pub name: String,
    args: Vec<u8>,
    result: Vec<u8>,
}

impl Call {
    /// `None` for what is not a call: signals, ends of threads.
    ///
    /// # Errors
    /// When a call has no result.
    pub fn parse(text: &[u8]) -> Result<Option<Self>> {
        let Some(open) = text.iter().position(|byte| *byte == b'(') else {
            return Ok(None);
        };
        let name = &text[..open];
        let letter =
            |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
        if !name.iter().all(letter) {
            return Ok(None);
        }
        // Texts are hexadecimal, so the last `=` is the one before the result.
        let equals = text
            .iter()
            .rposition(|byte| *byte == b'=')
            .context("no result")?;
        let close = text[..equals]
            .iter()
            .rposition(|byte| *byte == b')')
            .context("no end")?;
        Ok(Some(Self {
            name: String::from_utf8_lossy(name).into_owned(),
            args: text.get(open + 1..close).context("no arguments")?.to_vec(),
            result: text[equals + 1..].trim_ascii().to_vec(),
        }))
    }

    /// What the call returned; -1 for an error and for what is not a number.
    pub fn result(&self) -> i64 {
        let text = String::from_utf8_lossy(&self.result);
        let first = text.split([' ', '<']).next();
        first.and_then(|text| text.parse().ok()).unwrap_or(-1)
    }

    /// The descriptor that was returned.
    pub fn result_fd(&self) -> Fd {
        fd(&self.result)
    }

    /// The descriptor that is the first argument.
    pub fn fd(&self) -> Fd {
        fd(&self.args)
    }

    /// Whether a flag stands among the arguments.
    pub fn has(&self, flag: &str) -> bool {
        let flag = flag.as_bytes();
        self.args.windows(flag.len()).any(|part| part == flag)
    }

    /// The bytes of all texts among the arguments, one after the other.
    pub fn bytes(&self) -> Vec<u8> {
        quoted(&self.args).into_iter().flat_map(unhex).collect()
    }

    /// The paths among the arguments, made absolute with the folder before them (`openat(3</folder>, "name")`).
    pub fn paths(&self) -> Vec<PathBuf> {
        let mut folder = PathBuf::from("/");
        let mut found = Vec::new();
        for argument in self.args.split(|byte| *byte == b',') {
            let argument = argument.trim_ascii();
            if let Some(text) = quoted(argument).first() {
                found.push(folder.join(path(unhex(text))));
            } else if let Some(inside) = angled(argument) {
                folder = path(unhex(inside));
            }
        }
        found
    }

    /// Every path that the line has anywhere.
    pub fn all_paths(&self) -> Vec<PathBuf> {
        let mut found = self.paths();
        for argument in self.args.split(|byte| *byte == b',') {
            found.extend(angled(argument).map(|inside| path(unhex(inside))));
        }
        found
    }

    /// The number that is the argument `back` from the last.
    ///
    /// # Errors
    /// When it is none.
    pub fn number_from_end(&self, back: usize) -> Result<usize> {
        let argument = self
            .args
            .rsplit(|byte| *byte == b',')
            .nth(back)
            .context("no argument")?;
        Ok(std::str::from_utf8(argument)?.trim().parse()?)
    }
}

fn fd(text: &[u8]) -> Fd {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&text[..digits])
        .ok()
        .and_then(|text| text.parse().ok());
    let (Some(number), Some(inside)) = (number, angled(&text[digits..])) else {
        return Fd::None;
    };
    let inside = unhex(inside);
    if inside.starts_with(b"/") {
        Fd::Path(number, path(inside))
    } else {
        Fd::Other(String::from_utf8_lossy(&inside).into_owned())
    }
}

/// What stands between the first `<` and the next `>`.
fn angled(text: &[u8]) -> Option<&[u8]> {
    let open = text.iter().position(|byte| *byte == b'<')?;
    let close = text[open..].iter().position(|byte| *byte == b'>')?;
    Some(&text[open + 1..open + close])
}

fn quoted(text: &[u8]) -> Vec<&[u8]> {
    text.split(|byte| *byte == b'"')
        .skip(1)
        .step_by(2)
        .collect()
}

fn unhex(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        _ => 0,
    };
    let byte = |part: &[u8]| digit(part[2]) << 4 | digit(part[3]);
    text.chunks_exact(4).map(byte).collect()
}

fn path(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}
