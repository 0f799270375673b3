//! MQTT beside HTTP: the node's listener, and its clients of other brokers.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use pendopo_connectors::mqtt::{brokers, listener};
use pendopo_operations::Node;
use pendopo_operations::outgoing::Allow;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::say::Say;

/// Where devices publish, when nothing else is said.
const LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1883);

#[derive(Args)]
pub struct MqttArgs {
    /// Address on which devices publish over MQTT, or off. Not encrypted: beyond this machine put a TLS proxy in front.
    /// Without this option 127.0.0.1:1883, if it is free.
    #[arg(long, value_name = "ADDRESS|off")]
    pub mqtt: Option<Listen>,
    /// File that lists hosts and networks beside the public and encrypted ones that the node may connect to.
    #[arg(long, value_name = "FILE")]
    pub outgoing_allow: Option<PathBuf>,
}

/// An address, or none.
#[derive(Clone, Copy, Debug)]
pub enum Listen {
    Off,
    On(SocketAddr),
}

impl FromStr for Listen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            address => address
                .parse()
                .map(Self::On)
                .map_err(|_| "write it as IP:PORT or off"),
        }
    }
}

/// What was made ready before anything is served.
pub struct Ready {
    listener: Option<TcpListener>,
    allow: Arc<Allow>,
}

impl MqttArgs {
    /// Takes the address and reads the list.
    pub async fn ready(&self, say: &Say) -> anyhow::Result<Ready> {
        let allow = match &self.outgoing_allow {
            Some(path) => read_allow(say, path)?,
            None => Allow::default(),
        };
        let address = match self.mqtt {
            Some(Listen::Off) => None,
            Some(Listen::On(address)) => Some(address),
            None => Some(LISTEN),
        };
        let listener = match address {
            None => None,
            Some(address) => match TcpListener::bind(address).await {
                Ok(listener) => {
                    let bound = listener.local_addr().unwrap_or(address).to_string();
                    say.line("cli-mqtt", &[("address", &bound)]);
                    Some(listener)
                }
                // Nobody asked for this very address, and another node on this machine may have it.
                Err(_) if self.mqtt.is_none() => {
                    say.progress("cli-mqtt-taken", &[("address", &address.to_string())]);
                    None
                }
                Err(error) => {
                    let shown = address.to_string();
                    return Err(error)
                        .context(say.text("cli-cannot-serve", &[("address", &shown)]));
                }
            },
        };
        Ok(Ready {
            listener,
            allow: Arc::new(allow),
        })
    }
}

fn read_allow(say: &Say, path: &Path) -> anyhow::Result<Allow> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .with_context(|| say.text("cli-cannot-read", &[("file", &shown)]))?;
    match Allow::parse(&text) {
        Ok(allow) => Ok(allow),
        Err(line) => {
            let line = line.to_string();
            bail!(say.text("cli-bad-allow", &[("file", &shown), ("line", &line)]))
        }
    }
}

impl Ready {
    /// Exceptions to where the node may send.
    pub fn allow(&self) -> &Arc<Allow> {
        &self.allow
    }

    /// Serves until `stopping` says so; the tasks end when everything that was read has been answered.
    pub fn start(self, node: &Arc<Node>, stopping: &watch::Receiver<bool>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        if let Some(listener) = self.listener {
            tasks.spawn(listener::serve(
                Arc::clone(node),
                listener,
                stopping.clone(),
            ));
        }
        tasks.spawn(brokers::run(Arc::clone(node), self.allow, stopping.clone()));
        tasks
    }
}
