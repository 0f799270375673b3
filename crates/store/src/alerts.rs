//! Warnings that were received or published: the bytes as they came, what was read of them, and where each stands.

use pendopo_domain::alerts::area::Match;
use pendopo_domain::alerts::chain::{Link, State};
use pendopo_domain::alerts::{AlertId, Message};
use pendopo_domain::time::Timestamp;
use sqlx::AssertSqlSafe;

use crate::backend::{Db, on_backend};
use crate::{Result, alert_documents, columns};

/// A document that was read.
#[derive(Clone, Debug)]
pub struct New {
    pub document: Vec<u8>,
    /// In hexadecimal.
    pub sha256: String,
    pub message: Message,
    /// Words with the place in the document, `info[1]/area[1]: short-ring`.
    pub problems: Vec<String>,
    pub signatures: i64,
    /// Published by the city.
    pub own: bool,
    pub by_hand: bool,
    /// The feed that brought it, or another name for where it came from.
    pub carrier: String,
    /// The feed never refers to what it replaces.
    pub newer_replaces: bool,
    pub matched: Match,
    /// The carriers of messages whose other languages it may bring, beside its own.
    pub kin: Vec<String>,
}

/// What became of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    New(AlertId),
    /// It was there.
    Known(AlertId),
    /// Another document of the same sender, identifier and time was there, and stays.
    Differs(AlertId),
    /// It speaks other languages than the one that was there, and was joined to it ([`join`]).
    Joins(AlertId),
}

/// A warning as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub id: AlertId,
    pub message: Message,
    pub problems: Vec<String>,
    pub signatures: i64,
    pub own: bool,
    pub by_hand: bool,
    pub carriers: Vec<String>,
    pub matched: Match,
    /// `None` for what never is an alert.
    pub state: Option<State>,
    /// The first message of its chain.
    pub chain: AlertId,
    /// The message that replaced or withdrew it.
    pub ended_by: Option<AlertId>,
    pub received_at: Timestamp,
    pub changed_at: Timestamp,
    pub sha256: String,
}

/// Where a warning stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    pub state: Option<State>,
    pub chain: AlertId,
    pub ended_by: Option<AlertId>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    message: String,
    problems: String,
    signatures: i64,
    own: i64,
    by_hand: i64,
    carriers: String,
    here: i64,
    unverified: i64,
    areas: String,
    state: Option<String>,
    chain: i64,
    ended_by: Option<i64>,
    received_at: i64,
    changed_at: i64,
    sha256: String,
}

impl TryFrom<Row> for Kept {
    type Error = crate::StoreError;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: AlertId(row.id),
            message: columns::json(&row.message)?,
            problems: columns::json(&row.problems)?,
            signatures: row.signatures,
            own: row.own != 0,
            by_hand: row.by_hand != 0,
            carriers: columns::json(&row.carriers)?,
            matched: Match {
                here: row.here != 0,
                areas: columns::json(&row.areas)?,
                unverified: row.unverified != 0,
            },
            state: state(row.state.as_deref())?,
            chain: AlertId(row.chain),
            ended_by: row.ended_by.map(AlertId),
            received_at: Timestamp::from_micros(row.received_at),
            changed_at: Timestamp::from_micros(row.changed_at),
            sha256: row.sha256,
        })
    }
}

fn state(word: Option<&str>) -> Result<Option<State>> {
    word.map(|word| columns::word(word, State::from_word))
        .transpose()
}

/// Lets nobody else put messages or say where they stand until the transaction ends: what one says depends on all others.
pub async fn take_turn(db: &mut Db, now: Timestamp) -> Result<()> {
    crate::configuration::set(db, "alerts_turn", &now.micros().to_string()).await
}

/// Keeps a document, unless its message is there already; then its carrier is added. A new one has no state until
/// [`stand`] gives it one. [`take_turn`] comes before.
pub async fn put(db: &mut Db, new: &New, now: Timestamp) -> Result<Put> {
    let key = new.message.key();
    let known: Option<(i64, String, String, i64)> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT id, sha256, carriers, by_hand FROM alerts WHERE sender = $1 AND identifier = $2 AND sent = $3",
        )
        .bind(&key.sender)
        .bind(&key.identifier)
        .bind(key.sent.micros())
        .fetch_optional(c)
        .await?
    });
    let Some((id, sha256, carriers, by_hand)) = known else {
        return Ok(Put::New(insert(db, new, now).await?));
    };
    let (id, carriers): (_, Vec<String>) = (AlertId(id), columns::json(&carriers)?);
    let by_hand = by_hand != 0;
    if sha256 == new.sha256 || alert_documents::has(db, id, &new.sha256).await? {
        carry(db, id, carriers, by_hand, new).await?;
        return Ok(Put::Known(id));
    }
    // Nobody else speaks for a carrier, and nobody for the city.
    let may_join = new.by_hand || carriers.iter().any(|one| new.kin.contains(one));
    let kept = get(db, id).await?.filter(|kept| may_join && !kept.own);
    let joined = kept.and_then(|kept| Some((kept.message.joined(&new.message)?, kept)));
    let Some((message, kept)) = joined else {
        return Ok(Put::Differs(id));
    };
    join(db, &kept, message, new, now).await?;
    carry(db, id, carriers, by_hand, new).await?;
    Ok(Put::Joins(id))
}

/// Notes that `new` was carried as well.
async fn carry(
    db: &mut Db,
    id: AlertId,
    mut carriers: Vec<String>,
    by_hand: bool,
    new: &New,
) -> Result<()> {
    let is_carried = carriers.contains(&new.carrier);
    if is_carried && (by_hand || !new.by_hand) {
        return Ok(());
    }
    if !is_carried {
        carriers.push(new.carrier.clone());
    }
    let carriers = columns::to_json(&carriers)?;
    let by_hand = i64::from(new.by_hand || by_hand);
    on_backend!(db, |c| {
        sqlx::query("UPDATE alerts SET carriers = $2, by_hand = $3 WHERE id = $1")
            .bind(id.0)
            .bind(carriers)
            .bind(by_hand)
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Keeps `message`, which is what is kept with what `new` says in other languages, and the bytes of `new`.
async fn join(db: &mut Db, kept: &Kept, message: Message, new: &New, now: Timestamp) -> Result<()> {
    let mut problems = kept.problems.clone();
    problems.extend(new.problems.iter().cloned());
    problems.dedup();
    let mut areas = kept.matched.areas.clone();
    areas.extend(
        new.matched
            .areas
            .iter()
            .filter(|one| !kept.matched.areas.contains(one)),
    );
    let written = Written::of(&message, new.newer_replaces)?;
    let (problems, areas) = (columns::to_json(&problems)?, columns::to_json(&areas)?);
    let here = kept.matched.here || new.matched.here;
    let unverified = kept.matched.unverified && new.matched.unverified;
    on_backend!(db, |c| {
        sqlx::query(
            "UPDATE alerts SET signatures = signatures + $2, problems = $3, message = $4, texts = $5, link = $6,
                 effective = $7, expires = $8, severity_rank = $9, here = $10, unverified = $11, areas = $12,
                 changed_at = $13 WHERE id = $1",
        )
        .bind(kept.id.0)
        .bind(new.signatures)
        .bind(problems)
        .bind(written.whole)
        .bind(written.texts)
        .bind(written.link)
        .bind(message.effective().micros())
        .bind(message.expires().micros())
        .bind(written.rank)
        .bind(i64::from(here))
        .bind(i64::from(unverified))
        .bind(areas)
        .bind(now.micros())
        .execute(c)
        .await?;
    });
    alert_documents::insert(db, kept.id, new, now).await
}

/// What stands in the columns beside a message.
struct Written {
    whole: String,
    /// Without outlines.
    texts: String,
    link: String,
    rank: i64,
}

impl Written {
    fn of(message: &Message, newer_replaces: bool) -> Result<Self> {
        let mut texts = message.clone();
        for area in texts.infos.iter_mut().flat_map(|info| &mut info.areas) {
            area.rings.clear();
        }
        let (severity, urgency, certainty) = message.rank();
        Ok(Self {
            whole: columns::to_json(message)?,
            texts: columns::to_json(&texts)?,
            link: columns::to_json(&Link::of(message, newer_replaces))?,
            rank: i64::from(severity) * 100 + i64::from(urgency) * 10 + i64::from(certainty),
        })
    }
}

async fn insert(db: &mut Db, new: &New, now: Timestamp) -> Result<AlertId> {
    let message = &new.message;
    let written = Written::of(message, new.newer_replaces)?;
    let problems = columns::to_json(&new.problems)?;
    let (carriers, areas) = (
        columns::to_json(&[&new.carrier])?,
        columns::to_json(&new.matched.areas)?,
    );
    let id: i64 = on_backend!(db, |c| {
        sqlx::query_scalar(
            "INSERT INTO alerts (sender, identifier, sent, own, by_hand, carriers, received_at, document, sha256,
                 signatures, problems, message, texts, link, effective, expires, severity_rank, here, unverified,
                 areas, chain, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, 0, $7) RETURNING id",
        )
        .bind(&message.sender)
        .bind(&message.identifier)
        .bind(message.sent.micros())
        .bind(i64::from(new.own))
        .bind(i64::from(new.by_hand))
        .bind(carriers)
        .bind(now.micros())
        .bind(&new.document)
        .bind(&new.sha256)
        .bind(new.signatures)
        .bind(problems)
        .bind(written.whole)
        .bind(written.texts)
        .bind(written.link)
        .bind(message.effective().micros())
        .bind(message.expires().micros())
        .bind(written.rank)
        .bind(i64::from(new.matched.here))
        .bind(i64::from(new.matched.unverified))
        .bind(areas)
        .fetch_one(c)
        .await?
    });
    Ok(AlertId(id))
}

/// Every message that ended after `since` or has no state yet, with where it stands.
pub async fn links(db: &mut Db, since: Timestamp) -> Result<Vec<(AlertId, Link, Stand)>> {
    type Columns = (i64, String, String, i64, Option<String>, i64, Option<i64>);
    let rows: Vec<Columns> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT id, link, carriers, by_hand, state, chain, ended_by FROM alerts
             WHERE expires >= $1 OR chain = 0 ORDER BY id",
        )
        .bind(since.micros())
        .fetch_all(c)
        .await?
    });
    let read = |(id, link, carriers, by_hand, word, chain, ended_by): Columns| {
        let mut link: Link = columns::json(&link)?;
        link.carriers = columns::json(&carriers)?;
        link.by_hand = by_hand != 0;
        let stand = Stand {
            state: state(word.as_deref())?,
            chain: AlertId(chain),
            ended_by: ended_by.map(AlertId),
        };
        Ok((AlertId(id), link, stand))
    };
    rows.into_iter().map(read).collect()
}

/// Says where a message stands from now on.
pub async fn stand(db: &mut Db, id: AlertId, stand: Stand, now: Timestamp) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("UPDATE alerts SET state = $2, chain = $3, ended_by = $4, changed_at = $5 WHERE id = $1")
            .bind(id.0)
            .bind(stand.state.map(State::word))
            .bind(stand.chain.0)
            .bind(stand.ended_by.map(|by| by.0))
            .bind(now.micros())
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Whether time alone has moved a message on.
pub async fn is_due(db: &mut Db, now: Timestamp) -> Result<bool> {
    let due: Option<i64> = on_backend!(db, |c| {
        sqlx::query_scalar(
            "SELECT id FROM alerts WHERE (state = 'pending' AND effective <= $1)
                 OR (state IN ('pending', 'active') AND expires <= $1) LIMIT 1",
        )
        .bind(now.micros())
        .fetch_optional(c)
        .await?
    });
    Ok(due.is_some())
}

/// Which warnings are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that hold and concern the city, gravest first.
    Active,
    /// Everything before this one, newest first.
    Before(AlertId),
    /// One chain, newest first.
    Chain(AlertId),
    /// What the city published and that still holds, or was sent since then; newest first.
    Published(Timestamp),
}

/// The warnings that are meant. Without `outlines` the areas have their names and no rings.
pub async fn list(db: &mut Db, which: Which, outlines: bool, limit: i64) -> Result<Vec<Kept>> {
    let (condition, order, value) = match which {
        Which::Active => (
            "state = 'active' AND here = 1 AND id > $1",
            "severity_rank DESC, sent DESC, id DESC",
            0,
        ),
        Which::Before(id) => ("id < $1", "id DESC", id.0),
        Which::Chain(id) => ("chain = $1", "sent DESC, id DESC", id.0),
        Which::Published(since) => (
            "own = 1 AND (state IN ('pending', 'active') OR sent >= $1)",
            "sent DESC, id DESC",
            since.micros(),
        ),
    };
    let text = format!(
        "{} WHERE {condition} ORDER BY {order} LIMIT $2",
        select(outlines)
    );
    let rows: Vec<Row> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(text))
            .bind(value)
            .bind(limit)
            .fetch_all(c)
            .await?
    });
    rows.into_iter().map(Kept::try_from).collect()
}

fn select(outlines: bool) -> String {
    let message = if outlines {
        "message"
    } else {
        "texts AS message"
    };
    format!(
        "SELECT id, {message}, problems, signatures, own, by_hand, carriers, here, unverified, areas, state, chain,
         ended_by, received_at, changed_at, sha256 FROM alerts"
    )
}

/// The warning with this id, with outlines.
pub async fn get(db: &mut Db, id: AlertId) -> Result<Option<Kept>> {
    let text = format!("{} WHERE id = $1", select(true));
    let row: Option<Row> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(text))
            .bind(id.0)
            .fetch_optional(c)
            .await?
    });
    row.map(Kept::try_from).transpose()
}

/// The bytes as they came or were published.
pub async fn document(db: &mut Db, id: AlertId) -> Result<Option<Vec<u8>>> {
    Ok(on_backend!(db, |c| {
        sqlx::query_scalar("SELECT document FROM alerts WHERE id = $1")
            .bind(id.0)
            .fetch_optional(c)
            .await?
    }))
}

/// Forgets messages of elsewhere that ended before `before`. What concerned the city, and what it issued, stays.
pub async fn prune(db: &mut Db, before: Timestamp) -> Result<u64> {
    Ok(on_backend!(db, |c| {
        sqlx::query(
            "DELETE FROM alerts WHERE here = 0 AND own = 0 AND by_hand = 0 AND expires < $1",
        )
        .bind(before.micros())
        .execute(c)
        .await?
        .rows_affected()
    }))
}

/// A document that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Aside {
    pub id: i64,
    pub at: i64,
    pub carrier: String,
    /// A word.
    pub reason: String,
    pub document: Vec<u8>,
}

/// Puts a document aside that could not be read, once; the oldest make room when there are more than `most`.
pub async fn put_aside(
    db: &mut Db,
    carrier: &str,
    reason: &str,
    document: &[u8],
    sha256: &str,
    most: i64,
    now: Timestamp,
) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO alerts_aside (at, carrier, reason, sha256, document) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (sha256) DO NOTHING",
        )
        .bind(now.micros())
        .bind(carrier)
        .bind(reason)
        .bind(sha256)
        .bind(document)
        .execute(c)
        .await?;
    });
    on_backend!(db, |c| {
        sqlx::query("DELETE FROM alerts_aside WHERE id <= (SELECT MAX(id) FROM alerts_aside) - $1")
            .bind(most)
            .execute(c)
            .await?;
    });
    Ok(())
}

/// What was put aside, newest first; of each document the first `bytes`.
pub async fn aside(db: &mut Db, limit: i64, bytes: i32) -> Result<Vec<Aside>> {
    Ok(on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT id, at, carrier, reason, SUBSTR(document, 1, $2) AS document FROM alerts_aside
             ORDER BY id DESC LIMIT $1",
        )
        .bind(limit)
        .bind(bytes)
        .fetch_all(c)
        .await?
    }))
}
