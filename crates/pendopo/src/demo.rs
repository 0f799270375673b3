//! `pendopo demo`: makes the demo cities that are not there yet, then serves them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use pendopo_connectors::alerts;
use pendopo_connectors::demo::{self, DemoCity};
use pendopo_connectors::mqtt::intake;
use pendopo_operations::store::Store;
use pendopo_operations::{Node, configuration, sources};
use pendopo_web::server::{DemoSignIn, Options};

use crate::cli::DemoArgs;
use crate::live;
use crate::place::PlaceArgs;
use crate::say::Say;
use crate::{base_map, key_file, place, serve};

/// Keys of the demo cities in the clear, so that every start can print them. Only a demo keeps such a file.
const KEYS_NAME: &str = "demo-keys.json";
/// Where a city is made, so that one that was interrupted never looks finished. No city can have this name.
const MAKING: &str = ".making";

pub async fn demo(say: &Say, args: DemoArgs) -> anyhow::Result<()> {
    base_map::check_tiles(say, args.pmtiles.as_deref())?;
    let own_key = PlaceArgs {
        key_file: Some(args.data.join(place::KEY_NAME)),
        ..PlaceArgs::folder(args.data.clone())
    };
    let mqtt = args.mqtt.ready(say).await?;
    let cities = demo::cities()?;
    let node = own_key.new_node(say).await?;
    let node = live::with_notifications(node, &Arc::default(), mqtt.allow())?;
    let node = Arc::new(telling(node, &cities));
    let mut keys = read_keys(say, &args.data)?;
    for city in &cities {
        if !Store::exists(&node.root().city(&city.slug)).await? {
            let key = make(say, &node, &args, city).await?;
            keys.insert(city.slug.clone(), key);
            write_keys(say, &args.data, &keys)?;
        }
    }
    for city in &cities {
        let failed = || say.text("cli-city-does-not-open", &[("city", &city.slug)]);
        catch_up(&node, city).await.with_context(failed)?;
    }
    let ports = ports(&cities, args.listen);
    let demo_sign_ins = announce(say, &node, &args, &ports, &mut keys).await?;
    let options = Options {
        listen: Some(args.listen),
        ports,
        pmtiles: args.pmtiles,
        outgoing: Arc::clone(mqtt.allow()),
        messages: Some(intake::reader()),
        alerts: Some(alerts::writer()),
        setup: None,
        demo_sign_ins,
        ..Options::default()
    };
    serve::run(say, node, options, mqtt).await
}

/// The node, with gauges that tell on in every demo city that it opens.
fn telling(mut node: Node, cities: &[DemoCity]) -> Node {
    for demo in cities {
        let demo = demo.clone();
        node = node.with_worker(Arc::new(move |city| {
            Box::pin(demo::run(city, demo.clone()))
        }));
    }
    node
}

/// What the gauges of a city tell of the time in which it was not served. Its rules must not look before: they would hear
/// silence at every gauge.
async fn catch_up(node: &Node, demo: &DemoCity) -> anyhow::Result<()> {
    let city = node.open(&demo.slug, Arc::clone(node.clock())).await?;
    demo::tell(&city, demo).await?;
    sources::write_out(&city).await?;
    city.store().close().await;
    Ok(())
}

/// Makes one city aside and puts it in place when it is whole. Returns its API key.
async fn make(say: &Say, node: &Node, args: &DemoArgs, city: &DemoCity) -> anyhow::Result<String> {
    let name: &[(&str, &str)] = &[("city", &city.name)];
    say.progress("cli-demo-making", name);
    let failed = || say.text("cli-demo-not-made", name);
    let aside = args.data.join(MAKING);
    let _ = std::fs::remove_dir_all(&aside);
    let coast = match &args.base_map {
        Some(path) => base_map::clip(say, path, city.bbox)?,
        None => String::new(),
    };
    let elsewhere = PlaceArgs {
        key_file: Some(args.data.join(place::KEY_NAME)),
        ..PlaceArgs::folder(aside.clone())
    };
    let elsewhere = elsewhere.node(say).await?;
    let store = elsewhere.store(&city.slug).await.with_context(failed)?;
    let (entropy, now) = (Arc::clone(node.entropy()), node.clock().now());
    let made = demo::seed(city, store, entropy, coast, now)
        .await
        .with_context(failed)?;
    let place = args.data.join(&city.slug);
    std::fs::rename(aside.join(&city.slug), &place).with_context(failed)?;
    key_file::sync_folder(&place).with_context(failed)?;
    let _ = std::fs::remove_dir(&aside);
    let (reports, incidents) = (
        say.number(made.reports as u64),
        say.number(made.incidents as u64),
    );
    say.progress(
        "cli-demo-made",
        &[
            ("city", &city.name),
            ("reports", &reports),
            ("incidents", &incidents),
        ],
    );
    Ok(made.api_key)
}

/// Each city at one of the ports after the node's own.
fn ports(cities: &[DemoCity], listen: SocketAddr) -> Vec<(String, SocketAddr)> {
    let address = |port| SocketAddr::new(listen.ip(), port);
    cities
        .iter()
        .zip((1..).map_while(|step| listen.port().checked_add(step)))
        .map(|(city, port)| (city.slug.clone(), address(port)))
        .collect()
}

/// Prints where the cities are and how to sign in. A key that got lost is replaced by a new one.
async fn announce(
    say: &Say,
    node: &Arc<Node>,
    args: &DemoArgs,
    ports: &[(String, SocketAddr)],
    keys: &mut BTreeMap<String, String>,
) -> anyhow::Result<Vec<DemoSignIn>> {
    let address = args.listen.to_string();
    say.line("cli-serving", &[("address", &address)]);
    let mut logins = Vec::new();
    for (slug, port) in ports {
        let failed = || say.text("cli-city-does-not-open", &[("city", slug)]);
        let city = node
            .city(slug)
            .await
            .with_context(failed)?
            .with_context(failed)?;
        if !keys.contains_key(slug) {
            let it_staff = configuration::command_line();
            let key = configuration::add_api_key(&city, &it_staff, "demo")
                .await
                .with_context(failed)?;
            keys.insert(slug.clone(), key);
            write_keys(say, &args.data, keys)?;
        }
        let key = keys.get(slug).map_or("", String::as_str);
        let (below, own) = (serve::under(slug, &address), port.to_string());
        say.line(
            "cli-demo-city",
            &[
                ("city", &city.configuration().profile.name),
                ("below", &below),
                ("own", &own),
                ("key", key),
            ],
        );
        logins = demo::logins(&city);
    }
    say.line("cli-demo-sign-ins", &[]);
    for login in &logins {
        say.plain(&format!(
            "  {:<12} {:<26} {}",
            login.login, login.password, login.position
        ));
    }
    let shown = |login: demo::Login| DemoSignIn {
        login: login.login,
        password: login.password,
        position: login.position,
    };
    Ok(logins.into_iter().map(shown).collect())
}

fn read_keys(say: &Say, data: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let path = data.join(KEYS_NAME);
    let shown = path.display().to_string();
    match std::fs::read_to_string(&path) {
        // A damaged file is written anew with new keys.
        Ok(text) => Ok(serde_json::from_str(&text).unwrap_or_default()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(error).context(say.text("cli-cannot-read", &[("file", &shown)])),
    }
}

fn write_keys(say: &Say, data: &Path, keys: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let (path, fresh) = (data.join(KEYS_NAME), data.join(format!("{KEYS_NAME}.new")));
    let shown = path.display().to_string();
    let failed = || say.text("cli-cannot-write", &[("file", &shown)]);
    let _ = std::fs::remove_file(&fresh);
    key_file::write_new(&fresh, &serde_json::to_string_pretty(keys)?).with_context(failed)?;
    std::fs::rename(&fresh, &path).with_context(failed)?;
    key_file::sync_folder(&path).with_context(failed)
}
