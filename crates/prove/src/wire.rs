//! A client for rates: one kept-alive connection, requests that are bytes already, answers that are not taken apart.
//!
//! [`crate::http`] reads every header; at tens of thousands of answers a second that would be measured as well.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// More than any answer of a node; a bound, so that a broken length cannot take all memory.
const MOST_BYTES: usize = 64 << 20;

/// An open connection.
pub struct Wire {
    stream: TcpStream,
    kept: Vec<u8>,
    body: Range<usize>,
}

impl Wire {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            kept: Vec::with_capacity(16 << 10),
            body: 0..0,
        })
    }

    /// Sends a whole request and returns the status of its answer.
    ///
    /// # Errors
    /// When no whole answer came; whether the request was done is then unknown.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request).await?;
        self.kept.clear();
        let head = loop {
            if self.stream.read_buf(&mut self.kept).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(at) = end_of_head(&self.kept) {
                break at;
            }
        };
        let status = status(&self.kept).ok_or_else(|| broken("no status"))?;
        let length = length(&self.kept[..head])?;
        let whole = head + length;
        self.kept
            .reserve(whole.saturating_sub(self.kept.len()).max(4 << 10));
        while self.kept.len() < whole {
            if self.stream.read_buf(&mut self.kept).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.body = head..whole;
        Ok(status)
    }

    /// The body of the last answer.
    pub fn body(&self) -> &[u8] {
        &self.kept[self.body.clone()]
    }

    /// The same as text, for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body()).into_owned()
    }
}

/// Where the body begins, once the head is whole.
pub fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(at + 4)
}

fn status(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.get(9..12)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Bytes of the body that a head announces.
///
/// # Errors
/// For a body in chunks, and a length that does not read.
pub fn length(head: &[u8]) -> io::Result<usize> {
    const NAME: &[u8] = b"content-length:";
    const CHUNKED: &[u8] = b"transfer-encoding:";
    for line in head.split(|byte| *byte == b'\n') {
        let begins = |name: &[u8]| {
            line.get(..name.len())
                .is_some_and(|held| held.eq_ignore_ascii_case(name))
        };
        if begins(CHUNKED) {
            return Err(broken("chunks"));
        }
        if begins(NAME) {
            let text = std::str::from_utf8(&line[NAME.len()..]).unwrap_or_default();
            let length = text.trim().parse().map_err(|_| broken("a length"))?;
            if length > MOST_BYTES {
                return Err(broken("too much"));
            }
            return Ok(length);
        }
    }
    Ok(0)
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the answer has {what}"))
}

/// A request with a JSON body, or without one when `body` is empty.
pub fn request(out: &mut Vec<u8>, method: &str, path: &str, body: &[u8]) {
    out.extend_from_slice(method.as_bytes());
    out.extend_from_slice(b" /ngsi-ld/v1");
    out.extend_from_slice(path.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\nhost: 127.0.0.1\r\n");
    if !body.is_empty() {
        let about = format!(
            "content-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
        out.extend_from_slice(about.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
}
