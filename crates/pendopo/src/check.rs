//! `pendopo check`: are the databases sound, do the chains close, do the numbers fit what is stored?

use anyhow::Context;

use crate::cli::CheckArgs;
use crate::place;
use crate::say::Say;

/// False when something is wrong.
pub async fn check(say: &Say, args: CheckArgs) -> anyhow::Result<bool> {
    let node = args.place.node(say).await?;
    let slugs = match args.city {
        Some(slug) => vec![slug],
        None => node
            .slugs()
            .await
            .with_context(|| say.text("cli-no-database", &[]))?,
    };
    let mut sound = true;
    for slug in &slugs {
        let store = place::store(say, &node, slug).await?;
        let problems = store.check().await;
        store.close().await;
        let problems = problems.with_context(|| say.text("cli-not-checked", &[("city", slug)]))?;
        if problems.is_empty() {
            say.line("cli-sound", &[("city", slug)]);
        }
        for problem in problems {
            sound = false;
            say.line("cli-problem", &[("city", slug), ("problem", &problem)]);
        }
    }
    Ok(sound)
}
