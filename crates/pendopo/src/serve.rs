//! `pendopo serve`: the cities of a folder or a database, until the process is asked to end.

use std::sync::Arc;

use anyhow::Context;
use pendopo_connectors::mqtt::intake;
use pendopo_connectors::{alerts, founding};
use pendopo_operations::Node;
use pendopo_operations::founding::Founder;
use pendopo_web::server::{self, Options};
use pendopo_web::setup::Setup;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::base_map;
use crate::cli::ServeArgs;
use crate::live;
use crate::mqtt;
use crate::say::Say;

pub async fn serve(say: &Say, args: ServeArgs) -> anyhow::Result<()> {
    base_map::check_tiles(say, args.pmtiles.as_deref())?;
    let node = args.place.new_node(say).await?;
    let mqtt = args.mqtt.ready(say).await?;
    let contexts = live::contexts(say, &args)?;
    let node = Arc::new(live::with_notifications(node, &contexts, mqtt.allow())?);
    let coast = base_map::coast(*say, args.base_map.clone());
    let slugs = node
        .slugs()
        .await
        .with_context(|| say.text("cli-no-database", &[]))?;
    for (slug, _) in args.ports.iter().chain(&args.trusted) {
        if !slugs.contains(slug) {
            anyhow::bail!(say.text("cli-no-city", &[("city", slug)]));
        }
    }
    let address = args.listen.to_string();
    say.line("cli-serving", &[("address", &address)]);
    for slug in &slugs {
        say.line(
            "cli-serving-city",
            &[("city", slug), ("address", &under(slug, &address))],
        );
    }
    for (slug, port) in args.ports.iter().chain(&args.trusted) {
        say.line(
            "cli-serving-city",
            &[("city", slug), ("address", &port.to_string())],
        );
    }
    let setup = (args.setup || slugs.is_empty()).then(|| {
        let setup = Setup::new(founder(&node, coast), &**node.entropy());
        let link = format!("http://localhost:{}{}", args.listen.port(), setup.path());
        say.line("cli-setup", &[("link", &link)]);
        Arc::new(setup)
    });
    let options = Options {
        listen: Some(args.listen),
        setup,
        ports: args.ports,
        pmtiles: args.pmtiles,
        contexts,
        outgoing: Arc::clone(mqtt.allow()),
        trusted: args.trusted,
        messages: Some(intake::reader()),
        alerts: Some(alerts::writer()),
        demo_sign_ins: vec![],
    };
    run(say, node, options, mqtt).await
}

/// What makes cities on the page of the first run.
fn founder(
    node: &Arc<Node>,
    coast: impl Fn([f64; 4]) -> Option<String> + Send + Sync + 'static,
) -> Founder {
    let (node, coast) = (Arc::clone(node), Arc::new(coast));
    Arc::new(move |wanted| {
        let (node, coast) = (Arc::clone(&node), Arc::clone(&coast));
        Box::pin(async move { founding::found(&node, wanted, &*coast).await })
    })
}

/// The address of a city below the node's own, for browsers on this machine.
pub fn under(slug: &str, address: &str) -> String {
    let port = address.rsplit(':').next().unwrap_or_default();
    format!("{slug}.localhost:{port}")
}

/// Serves until SIGINT or SIGTERM, then ends what is under way.
pub async fn run(
    say: &Say,
    node: Arc<Node>,
    options: Options,
    mqtt: mqtt::Ready,
) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(open_all(Arc::clone(&node)));
    let (stop, stopping) = watch::channel(false);
    let mut mqtt = mqtt.start(&node, &stopping);
    let said = *say;
    let shutdown = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        said.progress("cli-ending", &[]);
        let _ = stop.send(true);
        while mqtt.join_next().await.is_some() {}
    };
    let address = options
        .listen
        .map(|address| address.to_string())
        .unwrap_or_default();
    server::serve(node, options, shutdown)
        .await
        .with_context(|| say.text("cli-cannot-serve", &[("address", &address)]))
}

/// Deadlines pass in cities that nobody looks at, too: all are opened, so that their background work runs.
async fn open_all(node: Arc<Node>) {
    let slugs = match node.slugs().await {
        Ok(slugs) => slugs,
        Err(error) => {
            tracing::error!(error = %error, "the cities cannot be listed");
            return;
        }
    };
    for slug in slugs {
        // One city that does not open must not keep the others closed.
        if let Err(error) = node.city(&slug).await {
            tracing::error!(city = slug, error = %anyhow::Error::from(error), "node.open failed");
        }
    }
}
