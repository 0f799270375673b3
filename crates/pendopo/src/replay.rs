//! `pendopo replay`: recorded data as if it happened now, in a demo city whose clock it drives.
//!
//! The city is served by this process while it lasts, and what is replayed comes in through its own interfaces.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use pendopo_connectors::driven::Driven;
use pendopo_connectors::replay::send::Client;
use pendopo_connectors::replay::{self, Account, Records};
use pendopo_domain::time::{Clock, Timestamp};
use pendopo_operations::{City, Node, configuration};
use pendopo_web::server;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::cli::ReplayArgs;
use crate::place;
use crate::say::Say;

/// Records between two lines of progress.
const TOLD_EVERY: u64 = 1_000;
/// Between two moves of the clock after the last record.
const TICK: Duration = Duration::from_millis(200);

pub async fn run(say: &Say, args: ReplayArgs) -> anyhow::Result<()> {
    let failed = || say.text("cli-replay-failed", &[]);
    let records = replay::read(args.kind.into(), &args.files).with_context(failed)?;
    let (begin, records) = replay::begin(records).with_context(failed)?;
    may_be_driven(say, &args).await?;
    // Without a single good record the clock has nowhere to stand, and nothing is sent.
    let clock = Arc::new(Driven::at(begin.unwrap_or(Timestamp::from_micros(0))));
    let driven = Arc::clone(&clock) as Arc<dyn Clock>;
    let node = Arc::new(args.place.node_on(say, driven).await?);
    let account = serve(say, &args, node, &clock, records).await?;
    tell(say, &account);
    Ok(())
}

/// Refuses a city of real data, and one that another process works for: that one has another clock.
async fn may_be_driven(say: &Say, args: &ReplayArgs) -> anyhow::Result<()> {
    let named: &[(&str, &str)] = &[("city", &args.city)];
    let node = args.place.node(say).await?;
    let city = place::city(say, &node, &args.city).await?;
    let demo = city.configuration().profile.demo;
    let lease = city.store().lease().await;
    let free = matches!(lease, Ok(Some(_)));
    drop(lease);
    city.store().close().await;
    if !demo {
        bail!(say.text("cli-replay-real-city", named));
    }
    if !free {
        bail!(say.text("cli-replay-served", named));
    }
    Ok(())
}

async fn serve(
    say: &Say,
    args: &ReplayArgs,
    node: Arc<Node>,
    clock: &Arc<Driven>,
    records: Records,
) -> anyhow::Result<Account> {
    let failed = || say.text("cli-city-does-not-open", &[("city", &args.city)]);
    let city = node.city(&args.city).await.with_context(failed)?;
    let city = city.with_context(failed)?;
    let listen = args.listen.to_string();
    let cannot_serve = || say.text("cli-cannot-serve", &[("address", &listen)]);
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(cannot_serve)?;
    let address = reachable(listener.local_addr().with_context(cannot_serve)?);
    say.progress(
        "cli-serving-city",
        &[("city", &args.city), ("address", &address.to_string())],
    );
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move {
        let _ = stopped.await;
    };
    let serving = tokio::spawn(server::serve_city(
        node,
        args.city.clone(),
        listener,
        shutdown,
    ));
    let account = through_the_door(say, args, &city, address, clock, records).await;
    if args.stay && account.is_ok() {
        stay(say, clock).await?;
    }
    let _ = stop.send(());
    serving.await?.with_context(cannot_serve)?;
    account
}

/// Replays with a key of the city, which is revoked afterwards unless it was given.
async fn through_the_door(
    say: &Say,
    args: &ReplayArgs,
    city: &City,
    address: SocketAddr,
    clock: &Driven,
    records: Records,
) -> anyhow::Result<Account> {
    let it_staff = configuration::command_line();
    let key = match &args.api_key_file {
        Some(path) => place::read_secret(say, path)?.reveal().to_owned(),
        None => configuration::add_api_key(city, &it_staff, "replay")
            .await
            .with_context(|| say.text("cli-api-key-failed", &[]))?,
    };
    let failed = || say.text("cli-replay-failed", &[]);
    let client = Client::new(&format!("http://{address}/"), &key).with_context(failed)?;
    let mut told = 0;
    let progress = |account: &Account, now: Timestamp| {
        if account.read / TOLD_EVERY > told {
            told = account.read / TOLD_EVERY;
            let (read, now) = (say.number(account.read), now.to_string());
            say.progress("cli-replay-records", &[("records", &read), ("now", &now)]);
        }
    };
    let account = replay::replay(records, args.speed, clock, &client, progress).await;
    if args.api_key_file.is_none() {
        configuration::revoke_api_key(city, &it_staff, &key).await?;
    }
    account.with_context(failed)
}

/// The time of the city goes on as ours does, until somebody ends it.
async fn stay(say: &Say, clock: &Driven) -> anyhow::Result<()> {
    say.progress("cli-replay-stays", &[]);
    let (from, begun) = (clock.now(), tokio::time::Instant::now());
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            ended = tokio::signal::ctrl_c() => return Ok(ended?),
            _ = tick.tick() => {
                let passed = i64::try_from(begun.elapsed().as_micros()).unwrap_or(i64::MAX);
                clock.advance_to(Timestamp::from_micros(from.micros().saturating_add(passed)));
            }
        }
    }
}

/// An address that listens everywhere is asked at this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let here = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(here, address.port())
}

fn tell(say: &Say, account: &Account) {
    let (read, sent) = (say.number(account.read), say.number(account.sent));
    let accepted = say.number(account.accepted);
    let refused = say.number(account.refused_in_all());
    say.line(
        "cli-replay-account",
        &[
            ("read", &read),
            ("sent", &sent),
            ("accepted", &accepted),
            ("refused", &refused),
        ],
    );
    for (reason, count) in &account.refused {
        let key = format!("cli-record-{}", reason.word());
        say.line(&key, &[("count", &say.number(*count))]);
    }
    if let Some(why) = &account.first_refusal {
        say.progress("cli-replay-first-refusal", &[("why", why)]);
    }
}
