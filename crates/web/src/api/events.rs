//! Live pages: a stream that says *something changed*, over Server-Sent Events (WHATWG HTML §9.2).
//!
//! The stream follows the journal, never memory alone: its ids are journal positions, and a browser that comes back with
//! `Last-Event-ID` is told at once if it missed something. It carries no content; the page asks for that again, and
//! the policy decides again what it may see.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Extension;
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use futures::stream::{self, Stream, StreamExt};
use pendopo_domain::journal::Event;
use pendopo_operations::city::Change;
use pendopo_operations::followers::Place;
use pendopo_operations::store::journal::Position;
use tokio::sync::{broadcast, watch};

use crate::failure::Failure;
use crate::pages_view::ErrorKind;
use crate::visit::Visit;

/// Often enough that a proxy does not cut the line, rarely enough to cost nothing.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// When the node stops, streams end so that it need not wait for browsers.
#[derive(Clone)]
pub struct Stopping(pub watch::Receiver<bool>);

/// `GET /events` and `GET /meja/events`
pub async fn follow(
    visit: Visit,
    State(stopping): State<Stopping>,
    peer: Peer,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>, Failure> {
    let place = place(&visit, peer, &headers)?;
    let changes = visit.city.changes();
    let end = visit.city.journal_end().await?;
    let last_seen = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .and_then(parse);
    let missed = last_seen.is_some_and(|seen| seen < end);
    let first = SseEvent::default()
        .event(if missed { "changed" } else { "hello" })
        .id(id(end))
        .data("{}");
    let later = stream::unfold(changes, next).take_until(stopped(stopping.0));
    let events = stream::once(async move { first })
        .chain(later)
        .map(move |event| {
            // Free again with the stream, which ends as soon as the line is cut.
            let _held = &place;
            Ok(event)
        });
    let alive = KeepAlive::new()
        .interval(KEEP_ALIVE)
        .event(SseEvent::default().event("alive").data("{}"));
    Ok(Sse::new(events).keep_alive(alive))
}

/// Who stands at the other end of the line; a test has nobody there.
pub(super) type Peer = Option<Extension<ConnectInfo<SocketAddr>>>;

/// A place for one more live page, held as long as its stream.
pub(super) fn place(visit: &Visit, peer: Peer, headers: &HeaderMap) -> Result<Place, Failure> {
    let peer = peer.map_or(Ipv4Addr::LOCALHOST.into(), |peer| peer.0.0.ip());
    let followers = visit.city.followers(&visit.actor);
    followers
        .place(client(peer, headers))
        .ok_or_else(|| Failure::because(ErrorKind::Unavailable, "all live places are taken"))
}

/// Whose request it is: the peer, or whom a proxy names. Only one in our own network is believed, and only what it added
/// itself, the last address of the list.
fn client(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let near = match peer.to_canonical() {
        IpAddr::V4(peer) => peer.is_loopback() || peer.is_private(),
        IpAddr::V6(peer) => peer.is_loopback() || peer.is_unique_local(),
    };
    let named = || {
        let line = headers.get_all("x-forwarded-for").iter().next_back()?;
        line.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    };
    Some(peer).filter(|_| !near).or_else(named).unwrap_or(peer)
}

pub(super) async fn stopped(mut stopping: watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// The next change that a page may care about; whoever fell behind is told to look again.
async fn next(
    mut changes: broadcast::Receiver<Change>,
) -> Option<(SseEvent, broadcast::Receiver<Change>)> {
    loop {
        match changes.recv().await {
            Ok(change) => {
                if let Some(room) = room(&change.event) {
                    let event = SseEvent::default().event("changed").id(id(change.position));
                    return Some((event.data(format!("{{\"room\":\"{room}\"}}")), changes));
                }
            }
            Err(broadcast::error::RecvError::Lagged(_)) => {
                return Some((SseEvent::default().event("changed").data("{}"), changes));
            }
            Err(broadcast::error::RecvError::Closed) => return None,
        }
    }
}

/// Which pages an event concerns; `None` for what no page shows.
fn room(event: &Event) -> Option<&'static str> {
    Some(match event {
        Event::ReportReceived { .. }
        | Event::ReportChanged { .. }
        | Event::ReportJoined { .. }
        | Event::ReportRated { .. }
        | Event::ReportCommented { .. }
        | Event::ReportsImported { .. } => "reports",
        Event::IncidentOpened { .. }
        | Event::IncidentJoined { .. }
        | Event::IncidentChanged { .. }
        | Event::IncidentMerged { .. }
        | Event::IncidentSplit { .. }
        | Event::StepSettled { .. } => "incidents",
        Event::AlarmRaised { .. } | Event::AlarmChanged { .. } => "alarms",
        Event::AssignmentChanged { .. } => "crews",
        Event::AlertReceived { .. } | Event::AlertChanged { .. } | Event::StageSet { .. } => {
            "alerts"
        }
        Event::ConfigurationChanged { .. } => "configuration",
        Event::IdentitySeen { .. } | Event::PersonErased { .. } => return None,
    })
}

fn id(position: Position) -> String {
    format!("{}.{}", position.txid, position.seq)
}

fn parse(text: &str) -> Option<Position> {
    let (txid, seq) = text.split_once('.')?;
    Some(Position {
        txid: txid.parse().ok()?,
        seq: seq.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_of_ours_names_the_client_and_nobody_else_does() {
        let cases = [
            ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
            ("127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
            ("10.0.0.2", "203.0.113.9", "203.0.113.9"),
            ("127.0.0.1", "unknown", "127.0.0.1"),
            ("::1", "2001:db8::1", "2001:db8::1"),
        ];
        for (peer, forwarded, expect) in cases {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            let expect: IpAddr = expect.parse().unwrap();
            assert_eq!(
                client(peer.parse().unwrap(), &headers),
                expect,
                "{forwarded}"
            );
        }
    }
}
