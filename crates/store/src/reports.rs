//! Reports, with their sealed texts and the answers to the questions of their service.

use pendopo_domain::geo::AreaId;
use pendopo_domain::incidents::IncidentId;
use pendopo_domain::organisation::TeamId;
use pendopo_domain::reports::{
    Channel, Deadlines, Number, PersonId, Report, ReportId, State, Visibility,
};
use pendopo_domain::time::Timestamp;
use sqlx::{AssertSqlSafe, QueryBuilder};

use crate::backend::{Db, on_backend};
use crate::{Result, StoreError, columns, micros};

/// The columns of a report, in the order of [`Row`].
pub(crate) const COLUMNS: &str = "id, foreign_number, service_code, state, visibility, anonymous, person_id, \
     channel, received_at, updated_at, assigned_at, resolved_at, verify_due_at, follow_up_due_at, answer_due_at, \
     expected_at, round, team_id, incident_id, duplicate_of, area_id, lon_e7, lat_e7, place, description, \
     status_notes, joined";

#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    id: i64,
    foreign_number: Option<String>,
    service_code: String,
    state: String,
    visibility: String,
    anonymous: bool,
    person_id: Option<String>,
    channel: String,
    received_at: i64,
    updated_at: i64,
    assigned_at: Option<i64>,
    resolved_at: Option<i64>,
    verify_due_at: i64,
    follow_up_due_at: Option<i64>,
    answer_due_at: Option<i64>,
    expected_at: i64,
    round: i64,
    team_id: Option<i64>,
    incident_id: Option<i64>,
    duplicate_of: Option<i64>,
    area_id: Option<i64>,
    lon_e7: Option<i64>,
    lat_e7: Option<i64>,
    place: Option<String>,
    description: Option<String>,
    status_notes: Option<String>,
    joined: i64,
}

impl TryFrom<Row> for Report {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: ReportId(row.id),
            foreign_number: row.foreign_number,
            service_code: row.service_code,
            state: columns::word(&row.state, State::from_word)?,
            visibility: columns::word(&row.visibility, Visibility::from_word)?,
            anonymous: row.anonymous,
            person: row.person_id.map(PersonId),
            channel: columns::word(&row.channel, Channel::from_word)?,
            received_at: Timestamp::from_micros(row.received_at),
            updated_at: Timestamp::from_micros(row.updated_at),
            assigned_at: columns::time(row.assigned_at),
            resolved_at: columns::time(row.resolved_at),
            deadlines: Deadlines {
                verify_due_at: Timestamp::from_micros(row.verify_due_at),
                follow_up_due_at: columns::time(row.follow_up_due_at),
                answer_due_at: columns::time(row.answer_due_at),
                expected_at: Timestamp::from_micros(row.expected_at),
            },
            round: columns::count(row.round),
            team: row.team_id.map(TeamId),
            incident: row.incident_id.map(IncidentId),
            duplicate_of: row.duplicate_of.map(ReportId),
            area: row.area_id.map(AreaId),
            position: columns::position(row.lon_e7, row.lat_e7),
            place: row.place,
            description: row.description,
            status_notes: row.status_notes,
            joined: columns::count(row.joined),
        })
    }
}

const INSERT: &str = "INSERT INTO reports (foreign_number, service_code, state, visibility, anonymous, person_id, \
     channel, received_at, updated_at, assigned_at, resolved_at, verify_due_at, follow_up_due_at, answer_due_at, \
     expected_at, due_at, round, team_id, incident_id, duplicate_of, area_id, lon_e7, lat_e7, place, description, \
     status_notes, joined) ";

/// Stores new reports and returns their ids in the same order; the ids in `reports` are not used.
///
/// One statement for the whole batch. At most 1,000 reports, so that the values of one statement fit SQLite.
pub async fn insert(db: &mut Db, reports: &[Report]) -> Result<Vec<ReportId>> {
    if reports.is_empty() {
        return Ok(vec![]);
    }
    let ids: Vec<i64> = on_backend!(db, |c| {
        let mut query = QueryBuilder::new(INSERT);
        query.push_values(reports, |mut row, report| {
            row.push_bind(&report.foreign_number)
                .push_bind(&report.service_code)
                .push_bind(report.state.word())
                .push_bind(report.visibility.word())
                .push_bind(report.anonymous)
                .push_bind(report.person.as_ref().map(|person| &person.0))
                .push_bind(report.channel.word())
                .push_bind(report.received_at.micros())
                .push_bind(report.updated_at.micros())
                .push_bind(micros(report.assigned_at))
                .push_bind(micros(report.resolved_at))
                .push_bind(report.deadlines.verify_due_at.micros())
                .push_bind(micros(report.deadlines.follow_up_due_at))
                .push_bind(micros(report.deadlines.answer_due_at))
                .push_bind(report.deadlines.expected_at.micros())
                .push_bind(micros(report.due_at()))
                .push_bind(i64::from(report.round))
                .push_bind(report.team.map(|id| id.0))
                .push_bind(report.incident.map(|id| id.0))
                .push_bind(report.duplicate_of.map(|id| id.0))
                .push_bind(report.area.map(|id| id.0))
                .push_bind(columns::lon_e7(report.position))
                .push_bind(columns::lat_e7(report.position))
                .push_bind(&report.place)
                .push_bind(&report.description)
                .push_bind(&report.status_notes)
                .push_bind(i64::from(report.joined));
        });
        query.push(" RETURNING id");
        query.build_query_scalar().fetch_all(c).await?
    });
    Ok(ids.into_iter().map(ReportId).collect())
}

/// Stores everything about a report that can change.
pub async fn update(db: &mut Db, report: &Report) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "UPDATE reports SET state = $2, updated_at = $3, assigned_at = $4, resolved_at = $5,
                 follow_up_due_at = $6, answer_due_at = $7, due_at = $8, round = $9, team_id = $10,
                 incident_id = $11, duplicate_of = $12, status_notes = $13, joined = $14, person_id = $15
             WHERE id = $1",
        )
        .bind(report.id.0)
        .bind(report.state.word())
        .bind(report.updated_at.micros())
        .bind(micros(report.assigned_at))
        .bind(micros(report.resolved_at))
        .bind(micros(report.deadlines.follow_up_due_at))
        .bind(micros(report.deadlines.answer_due_at))
        .bind(micros(report.due_at()))
        .bind(i64::from(report.round))
        .bind(report.team.map(|id| id.0))
        .bind(report.incident.map(|id| id.0))
        .bind(report.duplicate_of.map(|id| id.0))
        .bind(&report.status_notes)
        .bind(i64::from(report.joined))
        .bind(report.person.as_ref().map(|person| &person.0))
        .execute(c)
        .await?;
    });
    Ok(())
}

/// One report.
pub async fn by_id(db: &mut Db, id: ReportId) -> Result<Option<Report>> {
    select_one(db, id, "").await
}

/// One report, locked until the end of the transaction.
pub async fn by_id_for_update(db: &mut Db, id: ReportId) -> Result<Option<Report>> {
    let lock = db.for_update();
    select_one(db, id, lock).await
}

async fn select_one(db: &mut Db, id: ReportId, lock: &str) -> Result<Option<Report>> {
    let statement = format!("SELECT {COLUMNS} FROM reports WHERE id = $1{lock}");
    let row: Option<Row> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(id.0)
            .fetch_optional(c)
            .await?
    });
    row.map(Report::try_from).transpose()
}

/// The report that people know under `number`. An imported report is found by the number it brought along only.
pub async fn by_number(db: &mut Db, number: &Number) -> Result<Option<Report>> {
    let statement = match number {
        Number::Own(_) => {
            format!("SELECT {COLUMNS} FROM reports WHERE id = $1 AND foreign_number IS NULL")
        }
        Number::Foreign(_) => format!("SELECT {COLUMNS} FROM reports WHERE foreign_number = $1"),
    };
    let row: Option<Row> = match number {
        Number::Own(id) => on_backend!(db, |c| {
            sqlx::query_as(AssertSqlSafe(statement))
                .bind(id.0)
                .fetch_optional(c)
                .await?
        }),
        Number::Foreign(text) => on_backend!(db, |c| {
            sqlx::query_as(AssertSqlSafe(statement))
                .bind(text)
                .fetch_optional(c)
                .await?
        }),
    };
    row.map(Report::try_from).transpose()
}

/// Which of these foreign numbers are taken already.
pub async fn known_numbers(db: &mut Db, numbers: &[String]) -> Result<Vec<String>> {
    if numbers.is_empty() {
        return Ok(vec![]);
    }
    Ok(on_backend!(db, |c| {
        let mut query =
            QueryBuilder::new("SELECT foreign_number FROM reports WHERE foreign_number IN (");
        let mut list = query.separated(", ");
        for number in numbers {
            list.push_bind(number);
        }
        query.push(")");
        query.build_query_scalar().fetch_all(c).await?
    }))
}

/// Reports that have left an incident, oldest first.
pub async fn that_left(db: &mut Db, incident: IncidentId) -> Result<Vec<Report>> {
    let statement = format!(
        "SELECT {COLUMNS} FROM reports WHERE id IN
             (SELECT item_id FROM incident_moves WHERE merged_id = $1 AND kind = 'left')
         AND (incident_id IS NULL OR incident_id <> $1) ORDER BY id"
    );
    let rows: Vec<Row> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(incident.0)
            .fetch_all(c)
            .await?
    });
    rows.into_iter().map(Report::try_from).collect()
}

/// The reports of one incident, oldest first.
pub async fn of_incident(db: &mut Db, incident: IncidentId) -> Result<Vec<Report>> {
    let statement = format!("SELECT {COLUMNS} FROM reports WHERE incident_id = $1 ORDER BY id");
    let rows: Vec<Row> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(incident.0)
            .fetch_all(c)
            .await?
    });
    rows.into_iter().map(Report::try_from).collect()
}

/// Stores answers to the questions of a service, as (code, values).
pub async fn insert_attributes(
    db: &mut Db,
    report: ReportId,
    attributes: &[(String, Vec<String>)],
) -> Result<()> {
    for (code, values) in attributes {
        for (ord, value) in (0_i64..).zip(values) {
            on_backend!(db, |c| {
                sqlx::query(
                    "INSERT INTO report_attributes (report_id, code, ord, value) VALUES ($1, $2, $3, $4)",
                )
                .bind(report.0)
                .bind(code)
                .bind(ord)
                .bind(value)
                .execute(c)
                .await?;
            });
        }
    }
    Ok(())
}

/// Answers of one report, as (code, value), in the order of their codes.
pub async fn attributes(db: &mut Db, report: ReportId) -> Result<Vec<(String, String)>> {
    Ok(on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT code, value FROM report_attributes WHERE report_id = $1 ORDER BY code, ord",
        )
        .bind(report.0)
        .fetch_all(c)
        .await?
    }))
}

/// What a sealed text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// Name and contact of the reporter.
    Identity,
    /// The whole text of a secret report.
    Secret,
    /// The reporter's words on the result of a secret report.
    Words,
    /// What the city says about a secret report.
    Answer,
    /// What the desk last wrote to the crew of a secret report.
    Note,
    /// Words on the timeline of this incident, which holds or held a secret report, at this position. They stay there
    /// when the report goes to another incident.
    IncidentNote(IncidentId, i64),
    /// What the reporter's side said through another system: the entry of the history with this number.
    Comment(i64),
}

const INCIDENT_NOTE: &str = "incident_note";

impl Sealed {
    const fn word(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Secret => "secret",
            Self::Words => "words",
            Self::Answer => "answer",
            Self::Note => "note",
            Self::IncidentNote(..) => INCIDENT_NOTE,
            Self::Comment(_) => "comment",
        }
    }

    /// What stands in the column `kind`: of notes on incidents, and of comments, there may be several.
    fn kind(self) -> String {
        match self {
            Self::IncidentNote(incident, position) => {
                format!("{INCIDENT_NOTE}:{incident}:{position}")
            }
            Self::Comment(update) => format!("{}-{update}", self.word()),
            other => other.word().to_owned(),
        }
    }

    /// The place that a ciphertext is bound to.
    pub fn place(self, person: &PersonId) -> String {
        format!("{}/{}", self.word(), person.0)
    }
}

/// Stores or replaces a sealed text of a report.
pub async fn put_sealed(
    db: &mut Db,
    report: ReportId,
    kind: Sealed,
    person: &PersonId,
    ciphertext: &[u8],
) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO sealed_texts (report_id, kind, person_id, ciphertext) VALUES ($1, $2, $3, $4)
             ON CONFLICT (report_id, kind) DO UPDATE SET person_id = $3, ciphertext = $4",
        )
        .bind(report.0)
        .bind(kind.kind())
        .bind(&person.0)
        .bind(ciphertext)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// A sealed text of a report.
pub async fn sealed(db: &mut Db, report: ReportId, kind: Sealed) -> Result<Option<Vec<u8>>> {
    Ok(on_backend!(db, |c| {
        sqlx::query_scalar("SELECT ciphertext FROM sealed_texts WHERE report_id = $1 AND kind = $2")
            .bind(report.0)
            .bind(kind.kind())
            .fetch_optional(c)
            .await?
    }))
}

/// The sealed words on the timeline of an incident, as (position, the report they are sealed with, ciphertext).
pub async fn incident_notes(
    db: &mut Db,
    incident: IncidentId,
) -> Result<Vec<(i64, ReportId, Vec<u8>)>> {
    let rows: Vec<(i64, String, Vec<u8>)> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT report_id, kind, ciphertext FROM sealed_texts WHERE report_id IN
                 (SELECT id FROM reports WHERE incident_id = $1
                  UNION SELECT item_id FROM incident_moves WHERE merged_id = $1 AND kind = 'left')",
        )
        .bind(incident.0)
        .fetch_all(c)
        .await?
    });
    let own = format!("{INCIDENT_NOTE}:{incident}:");
    let note = |(report, kind, ciphertext): (i64, String, Vec<u8>)| {
        let position = kind.strip_prefix(&own)?.parse().ok()?;
        Some((position, ReportId(report), ciphertext))
    };
    Ok(rows.into_iter().filter_map(note).collect())
}

/// Removes all sealed texts of a report (its person was erased).
pub async fn remove_sealed(db: &mut Db, report: ReportId) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("DELETE FROM sealed_texts WHERE report_id = $1")
            .bind(report.0)
            .execute(c)
            .await?;
    });
    Ok(())
}
