//! How fast the pages of a city with years of history answer, with eight clients that wait for each answer.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::http::Connection;
use crate::load::Load;
use crate::node::{City, Place};
use crate::{evidence, load};

#[derive(clap::Args)]
pub struct Args {
    #[arg(long)]
    binary: PathBuf,
    /// A folder of cities, served and only read from. Without it a new city is filled with reports of today.
    #[arg(long, value_name = "FOLDER", requires_all = ["city", "bbox", "from", "to"])]
    data: Option<PathBuf>,
    /// Reports in a new city.
    #[arg(long, default_value_t = 5_000)]
    fill: usize,
    /// The city in the folder to ask.
    #[arg(long, requires = "data")]
    city: Option<String>,
    /// The box of its reports.
    #[arg(
        long,
        value_name = "WEST,SOUTH,EAST,NORTH",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    bbox: Vec<f64>,
    /// The first of at most 90 days that are asked for over Open311, as 2011-07-01T00:00:00Z.
    #[arg(long, value_name = "INSTANT")]
    from: Option<String>,
    /// The last of them.
    #[arg(long, value_name = "INSTANT")]
    to: Option<String>,
    #[arg(long, default_value_t = 8)]
    clients: usize,
    /// Requests for each page.
    #[arg(long, default_value_t = 400)]
    requests: usize,
    #[arg(long, default_value = "docs/proof/pages.json")]
    pub out: PathBuf,
}

pub async fn run(args: Args) -> Result<()> {
    let city = match (&args.data, &args.city) {
        (Some(data), Some(city)) => City::existing(&args.binary, data, city)?,
        _ => City::new(&args.binary, Place::Own).await?,
    };
    let node = city.start(&[]).await?;
    let bbox: [f64; 4] = if args.data.is_some() {
        args.bbox
            .clone()
            .try_into()
            .ok()
            .context("a box has four numbers")?
    } else {
        const WRITERS: usize = 64;
        Load::new(
            &city,
            node.address,
            "page",
            WRITERS,
            args.fill.div_ceil(WRITERS),
        )
        .run()
        .await?;
        load::BOX
    };
    let mut rows = Vec::new();
    for (name, path) in paths(&args, bbox) {
        let row = measure(&args, node.address, &name, &path).await?;
        println!("{row}");
        rows.push(row);
    }
    let reports = load::total_of(node.address, &open311(&args, 1)).await?;
    let figures = json!({
        "reports_of_90_days": reports, "clients": args.clients, "requests_for_each": args.requests, "pages": rows,
        "resident_mib_after": node.resident_mib()?,
    });
    node.stop().await?;
    evidence::write(&args.out, &figures)
}

fn paths(args: &Args, [west, south, east, north]: [f64; 4]) -> Vec<(String, String)> {
    let mut paths = vec![
        ("first page".to_owned(), "/".to_owned()),
        ("list".to_owned(), "/laporan".to_owned()),
        ("list, page 100".to_owned(), "/laporan?page=100".to_owned()),
        ("numbers".to_owned(), "/angka".to_owned()),
    ];
    // From the whole city to a street: each step shows an eighth of the width before.
    let (x, y) = ((west + east) / 2.0, (south + north) / 2.0);
    for (zoom, part) in [(10, 1.0), (13, 8.0), (16, 64.0)] {
        let (w, h) = ((east - west) / part / 2.0, (north - south) / part / 2.0);
        paths.push((
            format!("map, zoom {zoom}"),
            format!(
                "/map/reports.json?zoom={zoom}&bbox={:.6},{:.6},{:.6},{:.6}",
                x - w,
                y - h,
                x + w,
                y + h
            ),
        ));
    }
    paths.push(("Open311, 50 of 90 days".to_owned(), open311(args, 1)));
    paths.push((
        "Open311, 50 of 90 days, page 100".to_owned(),
        open311(args, 100),
    ));
    paths
}

fn open311(args: &Args, page: usize) -> String {
    let mut path = format!("/open311/v2/requests.json?page_size=50&page={page}");
    for (name, instant) in [("start_date", &args.from), ("end_date", &args.to)] {
        if let Some(instant) = instant {
            path.push_str(&format!("&{name}={instant}"));
        }
    }
    path
}

async fn measure(args: &Args, address: SocketAddr, name: &str, path: &str) -> Result<Value> {
    let mut first = Connection::new(address);
    let answer = first.get(path).await?;
    ensure!(
        answer.status == 200,
        "{path} answered {}: {}",
        answer.status,
        answer.text()
    );
    let each = args.requests.div_ceil(args.clients.max(1));
    let begun = Instant::now();
    let clients = (0..args.clients).map(|_| {
        let path = path.to_owned();
        tokio::spawn(async move {
            let mut connection = Connection::new(address);
            let mut times: Vec<Duration> = Vec::new();
            for _ in 0..each {
                let asked = Instant::now();
                let answer = connection.get(&path).await?;
                ensure!(answer.status == 200, "{path} answered {}", answer.status);
                times.push(asked.elapsed());
            }
            Ok(times)
        })
    });
    let mut times = Vec::new();
    for client in join_all(clients).await {
        times.extend(client??);
    }
    let took = begun.elapsed();
    times.sort_unstable();
    Ok(json!({
        "page": name, "path": path, "bytes": answer.body.len(),
        "p50_ms": load::percentile_ms(&times, 50), "p95_ms": load::percentile_ms(&times, 95),
        "slowest_ms": load::percentile_ms(&times, 100), "per_second": load::per_second(times.len(), took),
    }))
}
