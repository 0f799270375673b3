//! The listeners of a node: one for all cities, and one for each city that has a port of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::serve::ListenerExt;
use pendopo_domain::time::Entropy;
use pendopo_operations::alerts::publish::Writer;
use pendopo_operations::founding::{Fault, Founded, Founder, NewCity, Wrong};
use pendopo_operations::outgoing::Allow;
use pendopo_operations::{Error, Node, Problem, links, quarantine};
use pendopo_standards::ngsi_ld::contexts::Contexts;
use tokio::sync::watch;

use crate::routes;

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

/// The page of the first run: open to whoever has the link that the terminal shows, until it has made a city.
pub struct Setup {
    token: String,
    founder: Founder,
    is_used: AtomicBool,
}

impl Setup {
    /// A page with a link that nobody can guess.
    pub fn new(founder: Founder, entropy: &dyn Entropy) -> Self {
        Self {
            token: links::random_token(entropy),
            founder,
            is_used: AtomicBool::new(false),
        }
    }

    /// The path of the page.
    pub fn path(&self) -> String {
        format!("/mulai/{}", self.token)
    }

    /// Whether `token` opens the page.
    pub fn opens(&self, token: &str) -> bool {
        // As long for a wrong one as for a right one.
        links::token_hash(token) == links::token_hash(&self.token)
            && !self.is_used.load(Ordering::SeqCst)
    }

    /// Makes a city; two at once make one.
    ///
    /// # Errors
    /// As the founder. The page stays open then.
    pub async fn make(&self, new: NewCity) -> Result<Founded, Fault> {
        if self.is_used.swap(true, Ordering::SeqCst) {
            return Err(Error::NotFound.into());
        }
        let made = (self.founder)(new).await;
        if made.is_err() {
            self.is_used.store(false, Ordering::SeqCst);
        }
        made
    }
}

/// The key of the sentence that says what is wrong, with the variables `line` and `city`.
pub fn wrong_key(wrong: &Wrong) -> &'static str {
    match (wrong.field, wrong.problem) {
        ("slug", Problem::Busy) => "setup-wrong-slug-taken",
        ("slug", _) => "setup-wrong-slug",
        ("name", _) => "setup-wrong-name",
        ("areas", _) => "setup-wrong-areas",
        ("people", Problem::Busy) => "setup-wrong-people-twice",
        ("people", Problem::TooMany { .. }) => "setup-wrong-people-many",
        ("people", _) => "setup-wrong-people",
        ("administrator", _) => "setup-wrong-administrator",
        ("zone", _) => "setup-wrong-zone",
        ("country", _) => "setup-wrong-country",
        ("bbox", _) => "setup-wrong-bbox",
        ("base_map", _) => "setup-wrong-base-map",
        _ => "setup-wrong-long",
    }
}

/// The link is a secret.
impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").finish_non_exhaustive()
    }
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
