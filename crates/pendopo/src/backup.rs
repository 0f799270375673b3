//! `pendopo backup` and `pendopo restore`: a city in a folder of three files, and back, while nodes run.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use pendopo_operations::node;
use pendopo_operations::store::{Location, Root, Store, StoreError, backup as files};

use crate::cli::{BackupArgs, RestoreArgs};
use crate::place;
use crate::say::Say;

pub async fn backup(say: &Say, args: BackupArgs) -> anyhow::Result<()> {
    let node = args.place.node(say).await?;
    let store = place::store(say, &node, &args.city).await?;
    let (shown, begun) = (args.to.display().to_string(), Instant::now());
    if inside(&args.to, node.root()) {
        bail!(say.text("cli-backup-inside", &[("folder", &shown)]));
    }
    let copied = files::backup(&store, &args.to).await;
    store.close().await;
    let rows = copied.with_context(|| say.text("cli-backup-failed", &[("folder", &shown)]))?;
    told(say, "cli-backed-up", &args.city, &shown, rows, begun);
    Ok(())
}

/// A folder of three databases beside the cities would be taken for a city, served and changed.
fn inside(folder: &Path, root: &Root) -> bool {
    let Root::Folder(cities) = root else {
        return false;
    };
    let parent = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let parent = real(parent.unwrap_or(Path::new(".")));
    parent.is_some() && parent == real(cities)
}

/// Needs no key: rows are copied as they are, sealed. The node that serves the city needs the key that it had.
pub async fn restore(say: &Say, args: RestoreArgs) -> anyhow::Result<()> {
    let slug = args.city.as_str();
    if !node::is_slug(slug) {
        bail!(say.text("cli-bad-slug", &[("city", slug)]));
    }
    let shown = args.from.display().to_string();
    if !Store::exists(&Location::Folder(args.from.clone())).await? {
        bail!(say.text("cli-no-backup", &[("folder", &shown)]));
    }
    let place = args.place.root(say)?.city(slug);
    let there = Store::exists(&place).await;
    if there.with_context(|| say.text("cli-no-database", &[]))? {
        bail!(say.text("cli-city-exists", &[("city", slug)]));
    }
    let begun = Instant::now();
    let copied = files::restore(&args.from, &place).await;
    if matches!(&copied, Err(StoreError::Io(error)) if error.kind() == ErrorKind::ResourceBusy) {
        bail!(say.text("cli-backup-served", &[("folder", &shown)]));
    }
    let rows = copied.with_context(|| say.text("cli-restore-failed", &[("city", slug)]))?;
    told(say, "cli-restored", slug, &shown, rows, begun);
    Ok(())
}

fn told(say: &Say, key: &str, city: &str, folder: &str, rows: u64, begun: Instant) {
    let (rows, seconds) = (say.number(rows), say.number(begun.elapsed().as_secs()));
    say.line(
        key,
        &[
            ("city", city),
            ("folder", folder),
            ("rows", &rows),
            ("seconds", &seconds),
        ],
    );
}
