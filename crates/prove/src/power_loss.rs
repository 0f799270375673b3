//! Loss of power: what the disk is sure to hold after each answer is a sound city with every answered report, with
//! every acknowledged value of live data ([`live`]), or with every alarm that rules make of them, once ([`alarms`]).
//!
//! A node is watched while it works; then the disk is put together as it was at many moments, from what had been
//! synced by then ([`crate::disk`]), and each is opened ([`crate::verify`]). Two builds that lose data on purpose must be
//! found out, else this shows nothing.

mod alarms;
mod live;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::disk::{Disk, Unsynced};
use crate::load::{Accepted, Load};
use crate::node::{self, City};
use crate::trace::{Event, Logs, What};
use crate::{evidence, verify};

#[derive(clap::Args)]
pub struct Args {
    /// The node to watch.
    #[arg(long)]
    binary: PathBuf,
    /// What the node does while it is watched.
    #[arg(long, value_enum, default_value_t = Of::Reports)]
    of: Of,
    /// A build that loses data; may be repeated. Not finding that out is a failure.
    #[arg(long, value_name = "PATH")]
    sabotaged: Vec<PathBuf>,
    /// `--binary` is itself such a build; nothing is written.
    #[arg(long)]
    expect_loss: bool,
    #[arg(long, default_value_t = 8)]
    writers: usize,
    /// Reports, changes, or times beyond the limit, of each writer.
    #[arg(long, default_value_t = 40)]
    each: usize,
    /// Moments at which the power goes; two thirds of them right after an answer.
    #[arg(long, default_value_t = 90)]
    moments: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, default_value = "docs/proof/power-loss.json")]
    pub out: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Of {
    Reports,
    /// Changes of entities.
    Live,
    /// Readings under a rule.
    Alarms,
}

impl Of {
    fn word(self) -> &'static str {
        match self {
            Self::Reports => "reports",
            Self::Live => "live data",
            Self::Alarms => "alarms",
        }
    }
}

/// Chances in a hundred that a piece of an unsynced write survives.
const KEPT_PERCENT: [u64; 4] = [10, 50, 90, 100];
/// Every so many moments the binary's own `check` looks as well.
const CHECK_EVERY: usize = 15;

pub async fn run(args: Args) -> Result<()> {
    node::need("strace", "strace")?;
    let real = examine(&args, &args.binary).await?;
    println!("{}", real.said());
    if args.expect_loss {
        ensure!(real.lossy(), "the sabotaged build was not found out");
        println!("power-loss: found out, as it must be");
        return Ok(());
    }
    let mut sabotaged = Vec::new();
    for binary in &args.sabotaged {
        let result = examine(&args, binary).await?;
        println!("{}", result.said());
        sabotaged.push(result);
    }
    let figures = json!({
        "of": args.of.word(),
        "seed": args.seed, "writers": args.writers, "of_each_writer": args.each,
        "real": real.figures(),
        "sabotaged": sabotaged.iter().map(Verdict::figures).collect::<Vec<_>>(),
    });
    evidence::write(&args.out, &figures)?;
    ensure!(!real.lossy(), "a loss of power loses what was answered");
    ensure!(
        sabotaged.iter().all(Verdict::lossy),
        "a sabotaged build was not found out"
    );
    println!(
        "power-loss: nothing lost; {} sabotaged builds found out",
        sabotaged.len()
    );
    Ok(())
}

/// What came of one build.
struct Verdict {
    build: String,
    answered: usize,
    /// Reports with a name, or changes of several entities at once.
    special: usize,
    watched: Watched,
    moments: usize,
    images: usize,
    /// Images with something wrong, and the first things that were.
    bad_images: usize,
    problems: Vec<String>,
    seconds: u64,
}

#[derive(Default)]
struct Watched {
    writes: usize,
    written_bytes: usize,
    syncs: usize,
    most_unsynced_bytes: usize,
}

impl Verdict {
    fn lossy(&self) -> bool {
        self.bad_images > 0
    }

    fn said(&self) -> String {
        format!(
            "{}: {} answered ({} named or of several), {} syncs, {} images of {} moments, {} with a loss, {} s{}",
            self.build,
            self.answered,
            self.special,
            self.watched.syncs,
            self.images,
            self.moments,
            self.bad_images,
            self.seconds,
            self.problems
                .iter()
                .map(|line| format!("\n  {line}"))
                .collect::<String>()
        )
    }

    fn figures(&self) -> Value {
        json!({
            "build": self.build, "answered": self.answered, "named_or_of_several": self.special, "moments": self.moments,
            "images": self.images, "images_with_a_loss": self.bad_images, "first_problems": self.problems,
            "writes": self.watched.writes, "written_bytes": self.watched.written_bytes, "syncs": self.watched.syncs,
            "most_unsynced_bytes": self.watched.most_unsynced_bytes, "seconds": self.seconds,
        })
    }
}

/// What clients were told so far, and whether a disk keeps it.
trait Promises {
    /// What the whole load was promised, and how much of it in the way that needs most.
    fn counts(&self) -> [usize; 2];

    /// Takes up an answer.
    fn hear(&mut self, what: &What);

    /// Answers that were heard.
    fn heard(&self) -> usize;

    /// What is wrong with the city in `folder`.
    async fn look(&self, city: &City, folder: &Path) -> Result<Vec<String>>;
}

/// Watches a build under load and opens the disk as it was at many moments.
async fn examine(args: &Args, binary: &Path) -> Result<Verdict> {
    let begun = Instant::now();
    let mut verdict = match args.of {
        Of::Reports => open_all(args, watch(args, binary).await?).await?,
        Of::Live => open_all(args, live::watch(args, binary).await?).await?,
        Of::Alarms => open_all(args, alarms::watch(args, binary).await?).await?,
    };
    verdict.seconds = begun.elapsed().as_secs();
    Ok(verdict)
}

/// Opens the disk as it was at many moments.
async fn open_all(args: &Args, watch: Watch<impl Promises>) -> Result<Verdict> {
    let (city, mut promises, events) = watch;
    let moments = moments(&events, args);
    let [answered, special] = promises.counts();
    let mut verdict = Verdict {
        // The folder of a machine is nobody's business.
        build: city
            .binary
            .file_name()
            .unwrap_or_default()
            .display()
            .to_string(),
        answered,
        special,
        watched: Watched::default(),
        moments: moments.len(),
        images: 0,
        bad_images: 0,
        problems: vec![],
        seconds: 0,
    };
    let mut chance = Chance::new(args.seed);
    let mut disk = Disk::default();
    let mut ahead = moments.iter().enumerate().peekable();
    for (at, event) in events.iter().enumerate() {
        verdict.watched.note(&disk, event);
        disk.apply(event)?;
        promises.hear(&event.what);
        if let Some((count, _)) = ahead.next_if(|(_, moment)| **moment == at) {
            let kept_percent = KEPT_PERCENT[count % KEPT_PERCENT.len()];
            for unsynced in [Unsynced::Lost, Unsynced::Torn { kept_percent }] {
                let folder = tempfile::Builder::new()
                    .prefix("pendopo-prove-disk-")
                    .tempdir()?;
                disk.image(&city.data(), folder.path(), unsynced, &mut chance)?;
                let mut problems = promises.look(&city, folder.path()).await?;
                if unsynced == Unsynced::Lost && count % CHECK_EVERY == 0 && problems.is_empty() {
                    let checked = city.check_folder(folder.path()).await;
                    problems.extend(checked.err().map(|error| error.to_string()));
                }
                verdict.add(at, unsynced, promises.heard(), problems);
            }
        }
    }
    Ok(verdict)
}

/// Reports by their numbers.
struct Reports {
    accepted: BTreeMap<String, Accepted>,
    answered: BTreeMap<String, Accepted>,
}

impl Promises for Reports {
    fn counts(&self) -> [usize; 2] {
        let named = self.accepted.values().filter(|sent| sent.email.is_some());
        [self.accepted.len(), named.count()]
    }

    fn hear(&mut self, what: &What) {
        let What::Answer(numbers) = what else {
            return;
        };
        let known = numbers
            .iter()
            .filter_map(|number| self.accepted.get_key_value(number));
        self.answered
            .extend(known.map(|(number, sent)| (number.clone(), sent.clone())));
    }

    fn heard(&self) -> usize {
        self.answered.len()
    }

    async fn look(&self, city: &City, folder: &Path) -> Result<Vec<String>> {
        let found = verify::folder(folder, &city.slug, &self.answered).await?;
        Ok(found.problems)
    }
}

impl Verdict {
    fn add(&mut self, at: usize, unsynced: Unsynced, answered: usize, problems: Vec<String>) {
        const SHOWN: usize = 5;
        self.images += 1;
        let Some(first) = problems.first() else {
            return;
        };
        self.bad_images += 1;
        if self.problems.len() < SHOWN {
            self.problems.push(format!(
                "moment {at}, unsynced {unsynced:?}, {answered} answered: {first} ({} in all)",
                problems.len()
            ));
        }
    }
}

impl Watched {
    fn note(&mut self, disk: &Disk, event: &Event) {
        match &event.what {
            What::Write { bytes, .. } => {
                self.writes += 1;
                self.written_bytes += bytes.len();
            }
            What::Sync(_) => {
                self.syncs += 1;
                self.most_unsynced_bytes = self.most_unsynced_bytes.max(disk.unsynced());
            }
            _ => {}
        }
    }
}

type Watch<P> = (City, P, Vec<Event>);

/// Makes a city and loads it, everything behind strace, to the orderly end of the node.
async fn watch(args: &Args, binary: &Path) -> Result<Watch<Reports>> {
    let (logs, city) = Logs::city(binary).await?;
    let node = city.start(&logs.next()).await?;
    let load = Load::new(&city, node.address, "loss", args.writers, args.each);
    let outcome = load.run().await?;
    node.stop().await?;
    let events = logs.read(&city)?;
    let numbered = outcome
        .accepted
        .into_iter()
        .map(|sent| (sent.number.clone(), sent));
    let accepted: BTreeMap<_, _> = numbered.collect();
    let mut seen = Vec::new();
    for event in &events {
        if let What::Answer(numbers) = &event.what {
            seen.extend(numbers.clone());
        }
    }
    ensure!(
        accepted.keys().all(|number| seen.contains(number)),
        "the log has not every answer: {} of {}",
        seen.len(),
        accepted.len()
    );
    let reports = Reports {
        accepted,
        answered: BTreeMap::new(),
    };
    Ok((city, reports, events))
}

/// Places in `events` after which the power goes: two thirds right after an answer, spread evenly, the rest anywhere
/// after the city was made.
fn moments(events: &[Event], args: &Args) -> Vec<usize> {
    let made = |at: &usize| events[*at].what == What::Ended;
    let begin = (0..events.len()).filter(made).nth(1).unwrap_or(0);
    let is_answer = |at: &usize| {
        matches!(
            events[*at].what,
            What::Answer(_) | What::Acknowledged { .. }
        )
    };
    let answers: Vec<usize> = (begin..events.len()).filter(is_answer).collect();
    let wanted = args.moments * 2 / 3;
    let step = answers.len().div_ceil(wanted.max(1)).max(1);
    let mut moments: Vec<usize> = answers.iter().copied().step_by(step).collect();
    moments.extend(answers.last());
    moments.extend([begin, events.len() - 1]);
    let mut chance = Chance::new(args.seed);
    while moments.len() < args.moments {
        let span = u64::try_from(events.len() - begin).unwrap_or(u64::MAX);
        moments.push(begin + usize::try_from(chance.below(span)).unwrap_or(0));
    }
    moments.sort_unstable();
    moments.dedup();
    moments
}
