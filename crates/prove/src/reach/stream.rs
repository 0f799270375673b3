//! A client of the live stream that does what the map does: takes the marks that come, and asks for all of them when it
//! is only told that something changed.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::{Sights, number_of};
use crate::http::Connection;
use crate::wire::end_of_head;

/// What came over the line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub events: usize,
    /// How often all marks had to be asked for.
    pub asked: usize,
    /// Of events and of answers.
    pub bytes: usize,
}

impl Counts {
    pub fn since(self, before: Self) -> Self {
        Self {
            events: self.events - before.events,
            asked: self.asked - before.asked,
            bytes: self.bytes - before.bytes,
        }
    }
}

/// A client that listens until it is ended.
pub struct Stream {
    pub sights: Sights,
    counts: Arc<Mutex<Counts>>,
    end: oneshot::Sender<()>,
    listening: tokio::task::JoinHandle<Result<()>>,
}

impl Stream {
    /// Returns when the stream has begun.
    ///
    /// # Errors
    /// When it does not.
    pub async fn open(address: SocketAddr, bbox: &str, id: &str) -> Result<Self> {
        let (end, ended) = oneshot::channel();
        let (begun, begins) = oneshot::channel();
        let client = Client {
            address,
            all: format!("/map/live.json?bbox={bbox}"),
            events: format!("/map/live/events?bbox={bbox}"),
            id: id.to_owned(),
            sights: Sights::default(),
            counts: Arc::default(),
        };
        let (sights, counts) = (client.sights.clone(), Arc::clone(&client.counts));
        // A thread of its own: it must not wait for those that drive the load.
        let listening = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                tokio::select! {
                    _ = ended => Ok(()),
                    done = client.listen(begun) => done,
                }
            })
        });
        begins.await.context("the stream does not begin")?;
        Ok(Self {
            sights,
            counts,
            end,
            listening,
        })
    }

    pub fn counts(&self) -> Counts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hangs up.
    ///
    /// # Errors
    /// What went wrong while it listened.
    pub async fn end(self) -> Result<()> {
        let _ = self.end.send(());
        self.listening.await?
    }
}

struct Client {
    address: SocketAddr,
    all: String,
    events: String,
    id: String,
    sights: Sights,
    counts: Arc<Mutex<Counts>>,
}

impl Client {
    async fn listen(&self, begun: oneshot::Sender<()>) -> Result<()> {
        let mut line = TcpStream::connect(self.address).await?;
        line.set_nodelay(true)?;
        let ask = format!(
            "GET {} HTTP/1.1\r\nhost: {}\r\naccept: text/event-stream\r\n\r\n",
            self.events, self.address
        );
        line.write_all(ask.as_bytes()).await?;
        let mut asking = Connection::new(self.address);
        let mut kept = Vec::with_capacity(64 << 10);
        let head = loop {
            ensure!(line.read_buf(&mut kept).await? > 0, "hung up on");
            if let Some(head) = end_of_head(&kept) {
                break head;
            }
        };
        ensure!(kept.starts_with(b"HTTP/1.1 200"), "the stream is refused");
        kept.drain(..head);
        let mut begun = Some(begun);
        loop {
            ensure!(line.read_buf(&mut kept).await? > 0, "the stream ended");
            let at = Instant::now();
            // The node writes each event as one chunk, so what frames the chunks is never inside one.
            while let Some(end) = kept.windows(2).position(|two| two == b"\n\n") {
                let event: Vec<u8> = kept.drain(..end + 2).collect();
                let event = String::from_utf8_lossy(&event);
                if event.contains("event: hello")
                    && let Some(begun) = begun.take()
                {
                    let _ = begun.send(());
                }
                if event.contains("event: changed") {
                    self.changed(&event, at, &mut asking).await?;
                }
            }
        }
    }

    async fn changed(&self, event: &str, at: Instant, asking: &mut Connection) -> Result<()> {
        let (_, data) = event
            .split_once("data: ")
            .context("an event without data")?;
        let mut marks: Value = serde_json::from_str(data.trim_end())?;
        let (mut at, mut bytes, mut asked) = (at, event.len(), 0);
        if marks["features"].is_null() {
            let answer = asking.get(&self.all).await?;
            ensure!(answer.status == 200, "{}: {}", answer.status, answer.text());
            at = Instant::now();
            bytes += answer.body.len();
            asked = 1;
            marks = serde_json::from_slice(&answer.body)?;
        }
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.events += 1;
        counts.asked += asked;
        counts.bytes += bytes;
        drop(counts);
        let mut marks = marks["features"].as_array().into_iter().flatten();
        if let Some(mine) = marks.find(|mark| mark["id"] == self.id.as_str()) {
            let shown = mine["properties"]["value"].as_str().unwrap_or_default();
            let value = number_of(shown).with_context(|| format!("{shown:?} is no value"))?;
            self.sights.add(value, at);
        }
        Ok(())
    }
}
