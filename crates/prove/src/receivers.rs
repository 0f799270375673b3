//! Subscribers of a city: they take every notification and remember what it told.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::wire::{end_of_head, length};

/// What one subscriber was told: turns by entity.
type Told = HashMap<String, HashSet<u64>>;

/// All of them behind one address. The path says which one is meant.
pub struct Receivers {
    pub address: SocketAddr,
    told: Vec<Mutex<Told>>,
    counts: Mutex<Counts>,
}

/// What came in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub notifications: usize,
    /// Changes in them,
    pub changes: usize,
    /// and those that had been told to the same subscriber before.
    pub again: usize,
}

impl Receivers {
    /// Listens for `count` subscribers until the process ends.
    ///
    /// # Errors
    /// When no address is free.
    pub async fn start(count: usize) -> Result<Arc<Self>> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let receivers = Arc::new(Self {
            address: listener.local_addr()?,
            told: (0..count).map(|_| Mutex::default()).collect(),
            counts: Mutex::default(),
        });
        let shared = Arc::clone(&receivers);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                // A node that is killed leaves half a request behind.
                tokio::spawn(async move { shared.listen(stream).await.ok() });
            }
        });
        Ok(receivers)
    }

    pub fn counts(&self) -> Counts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which of `turns` of `entity` the subscriber has not been told.
    pub fn missing(&self, subscriber: usize, entity: &str, turns: &[u64]) -> Vec<u64> {
        let told = self.told[subscriber]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let known = told.get(entity);
        let missing = turns
            .iter()
            .filter(|turn| known.is_none_or(|known| !known.contains(turn)));
        missing.copied().collect()
    }

    async fn listen(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut kept = Vec::with_capacity(16 << 10);
        loop {
            let head = loop {
                if let Some(at) = end_of_head(&kept) {
                    break at;
                }
                if stream.read_buf(&mut kept).await? == 0 {
                    return Ok(());
                }
            };
            let whole = head + length(&kept[..head])?;
            while kept.len() < whole {
                if stream.read_buf(&mut kept).await? == 0 {
                    return Ok(());
                }
            }
            self.take(&kept[..head], &kept[head..whole]);
            kept.drain(..whole);
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .await?;
        }
    }

    /// `POST /12 HTTP/1.1` is for the subscriber 12.
    fn take(&self, head: &[u8], body: &[u8]) {
        let head = String::from_utf8_lossy(head);
        let path = head.split(' ').nth(1).unwrap_or_default();
        let subscriber: Option<usize> = path.trim_start_matches('/').parse().ok();
        let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let place = subscriber.and_then(|one| self.told.get(one));
        let (Some(place), Some(data)) = (place, value["data"].as_array()) else {
            return;
        };
        let mut told = place.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.notifications += 1;
        for entity in data {
            let (id, turn) = (entity["id"].as_str(), entity["urutan"]["value"].as_u64());
            if let (Some(id), Some(turn)) = (id, turn) {
                counts.changes += 1;
                let new = told.entry(id.to_owned()).or_default().insert(turn);
                counts.again += usize::from(!new);
            }
        }
    }
}
