//! A client of HTTP/1.1 (RFC 9112) that costs little, because it runs on the cores that it measures.
//!
//! One kept-alive connection per client, no TLS, no redirects, no compression. It never sends a request twice: a
//! report whose answer was lost is one of which nobody knows.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// More than any answer of a node; a bound, so that a broken length cannot take all memory.
const MOST_BYTES: usize = 64 << 20;

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header, by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(held, _)| held == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text, for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One client with one connection, opened when it is needed.
pub struct Connection {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
        }
    }

    /// Asks for a page.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn get(&mut self, path: &str) -> io::Result<Answer> {
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address);
        self.ask(head.as_bytes()).await
    }

    /// Sends a form.
    ///
    /// # Errors
    /// When no whole answer came; whether the form was taken is then unknown.
    pub async fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> io::Result<Answer> {
        let body = serde_urlencoded::to_string(fields).map_err(io::Error::other)?;
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.ask(request.as_bytes()).await
    }

    async fn ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                BufReader::with_capacity(32 << 10, stream)
            }
        };
        stream.get_mut().write_all(request).await?;
        let answer = read_answer(&mut stream).await?;
        if answer.header("connection") != Some("close") {
            self.stream = Some(stream);
        }
        Ok(answer)
    }
}

async fn read_answer(stream: &mut BufReader<TcpStream>) -> io::Result<Answer> {
    let first = line(stream).await?;
    let status = first
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| broken("no status"))?;
    let mut headers = Vec::new();
    loop {
        let line = line(stream).await?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| broken("a header"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer {
        status,
        headers,
        body: vec![],
    };
    if answer.header("transfer-encoding") == Some("chunked") {
        answer.body = chunks(stream).await?;
    } else if let Some(length) = answer.header("content-length") {
        let length = length.parse().map_err(|_| broken("a length"))?;
        append(stream, &mut answer.body, length).await?;
    }
    Ok(answer)
}

async fn chunks(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = line(stream).await?;
        let length = usize::from_str_radix(line.trim(), 16).map_err(|_| broken("a chunk"))?;
        append(stream, &mut body, length).await?;
        self::line(stream).await?;
        if length == 0 {
            return Ok(body);
        }
    }
}

async fn append(
    stream: &mut BufReader<TcpStream>,
    body: &mut Vec<u8>,
    length: usize,
) -> io::Result<()> {
    let begun = body.len();
    let whole = begun.saturating_add(length);
    if whole > MOST_BYTES {
        return Err(broken("too long"));
    }
    body.resize(whole, 0);
    stream.read_exact(&mut body[begun..]).await?;
    Ok(())
}

async fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    line.truncate(line.trim_end().len());
    Ok(line)
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the answer has {what}"))
}
