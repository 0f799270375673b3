//! The listeners of a node: one for all cities, and one for each city that has a port of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::serve::ListenerExt;
use pendopo_operations::alerts::publish::Writer;
use pendopo_operations::outgoing::Allow;
use pendopo_operations::{Node, quarantine};
use pendopo_standards::ngsi_ld::contexts::Contexts;
use tokio::sync::watch;

use crate::routes;
use crate::setup::Setup;

/// How a node is served.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The address that serves every city by its host name. `None` takes 127.0.0.1:8080.
    pub listen: Option<SocketAddr>,
    /// Cities with a port of their own, for clients that cannot resolve names under `.localhost`.
    pub ports: Vec<(String, SocketAddr)>,
    /// A PMTiles file that is drawn instead of the coarse coast.
    pub pmtiles: Option<PathBuf>,
    /// The contexts of NGSI-LD that the node has copies of.
    pub contexts: Arc<Contexts>,
    /// Exceptions to where the node may send.
    pub outgoing: Arc<Allow>,
    /// Cities with an address of a closed network, where systems act as if they had shown a key.
    pub trusted: Vec<(String, SocketAddr)>,
    /// How messages in quarantine are read when they are tried again; without it no page offers to.
    pub messages: Option<quarantine::Reader>,
    /// How the city's own warnings become documents; without it none is published.
    pub alerts: Option<Writer>,
    /// The page that makes a city, for whoever has its link.
    pub setup: Option<Arc<Setup>>,
    /// Sign-ins to list on the bare host. Only ever those of demo cities.
    pub demo_sign_ins: Vec<DemoSignIn>,
}

/// A sign-in of the demo, shown to everyone.
#[derive(Clone, Debug)]
pub struct DemoSignIn {
    pub login: String,
    pub password: String,
    /// What it acts as, in the language of the list.
    pub position: String,
}

/// What every handler can reach.
#[derive(Clone)]
pub struct AppState {
    pub node: Arc<Node>,
    pub options: Arc<Options>,
    /// The city that this listener is bound to.
    pub bound: Option<Arc<str>>,
    /// Whether systems need no key here: the listener of a closed network.
    pub trusted: bool,
}

/// Serves one city of a node on a listener that is bound already, until `shutdown` is done; then the node is closed. Its
/// other cities are out of reach.
///
/// # Errors
/// When the listener fails.
pub async fn serve_city(
    node: Arc<Node>,
    slug: String,
    listener: tokio::net::TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (stop, stopping) = watch::channel(false);
    let state = AppState {
        node: Arc::clone(&node),
        options: Arc::default(),
        bound: Some(Arc::from(slug)),
        trusted: false,
    };
    let app = routes::router(state, stopping);
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .with_graceful_shutdown(async move {
        shutdown.await;
        let _ = stop.send(true);
    })
    .await?;
    node.close().await;
    Ok(())
}

/// Where all cities are served when nothing else is said.
const LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

/// Serves until `shutdown` is done, then finishes what is under way.
///
/// # Errors
/// When an address cannot be listened on.
pub async fn serve(
    node: Arc<Node>,
    options: Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let options = Arc::new(options);
    let main = (None, options.listen.unwrap_or(LISTEN), false);
    let of_city = |(slug, address): &(String, SocketAddr), trusted| {
        (Some(Arc::from(slug.as_str())), *address, trusted)
    };
    let ports = options.ports.iter().map(|port| of_city(port, false));
    let trusted = options.trusted.iter().map(|port| of_city(port, true));
    let mut listeners = Vec::new();
    for (bound, address, trusted) in std::iter::once(main).chain(ports).chain(trusted) {
        listeners.push((
            bound,
            tokio::net::TcpListener::bind(address).await?,
            trusted,
        ));
    }
    let (stop, stopping) = watch::channel(false);
    let mut servers = tokio::task::JoinSet::new();
    for (bound, listener, trusted) in listeners {
        let state = AppState {
            node: Arc::clone(&node),
            options: Arc::clone(&options),
            bound,
            trusted,
        };
        let mut stopping = stopping.clone();
        let app = routes::router(state, stopping.clone());
        // Small answers and events wait for nothing.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        servers.spawn(async move {
            axum::serve(
                listener,
                app.into_make_service_with_connect_info::<SocketAddr>(),
            )
            .with_graceful_shutdown(async move {
                let _ = stopping.wait_for(|stop| *stop).await;
            })
            .await
        });
    }
    shutdown.await;
    let _ = stop.send(true);
    while let Some(ended) = servers.join_next().await {
        ended.map_err(std::io::Error::other)??;
    }
    node.close().await;
    Ok(())
}
