//! History of Boston 311: the cases that Analyze Boston publishes as one CSV file per year.
//!
//! Columns are found by their names (`case_enquiry_id`, `open_dt`, `target_dt`, `closed_dt`, `case_status`,
//! `closure_reason`, `case_title`, `reason`, `type`, `location`, `latitude`, `longitude`); others are not read. Times are
//! wall-clock times of the city's zone without an offset: an hour that the clock shows twice is taken as the first one,
//! an hour that it skips is moved on by the skipped time (as RFC 5545 does it).
//!
//! A row either becomes a report or is counted under one [`Reason`]; nothing is cut, guessed or left out in silence, and
//! no row stops the import. Cases that were closed come in as `not_asked`: the city says done, no reporter was asked. What
//! the file does not hold (the way between opening and closing, photos, who reported) is not made up.
//!
//! An import that was interrupted is run again with the same file: numbers that are stored already are refused as
//! [`Reason::DuplicateNumber`].

mod case;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use pendopo_domain::policy::Actor;
use pendopo_domain::reports::Report;
use pendopo_domain::services::{Service, Terms, Texts};
use pendopo_operations::{City, configuration, history};

use case::{Case, Columns};
use rows::{Row, Rows};

/// Why a row did not become a report. The word of each is stable: it is the key of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The row is not UTF-8 text.
    NotUtf8,
    /// A quotation mark opens and does not close within the next [`rows::MAX_LINES`] lines.
    BrokenQuoting,
    /// The row has more or fewer fields than the header.
    WrongColumnCount,
    /// There is no number, or it is not made of digits.
    MissingNumber,
    /// An earlier row, or a report that is stored already, has this number.
    DuplicateNumber,
    MissingType,
    BadOpenDate,
    BadTargetDate,
    /// The closing date does not read, is missing for a closed case, or is given for an open one.
    BadCloseDate,
    ClosedBeforeOpened,
    /// Neither `Open` nor `Closed`.
    UnknownStatus,
    /// Not a number, outside the world, or only one of the two. Both may be missing.
    BadCoordinates,
    /// A text is longer than the city keeps (`operations::limits`), or the row is longer than [`rows::MAX_BYTES`].
    TextTooLong,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 13] = [
        Self::NotUtf8,
        Self::BrokenQuoting,
        Self::WrongColumnCount,
        Self::MissingNumber,
        Self::DuplicateNumber,
        Self::MissingType,
        Self::BadOpenDate,
        Self::BadTargetDate,
        Self::BadCloseDate,
        Self::ClosedBeforeOpened,
        Self::UnknownStatus,
        Self::BadCoordinates,
        Self::TextTooLong,
    ];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotUtf8 => "not_utf8",
            Self::BrokenQuoting => "broken_quoting",
            Self::WrongColumnCount => "wrong_column_count",
            Self::MissingNumber => "missing_number",
            Self::DuplicateNumber => "duplicate_number",
            Self::MissingType => "missing_type",
            Self::BadOpenDate => "bad_open_date",
            Self::BadTargetDate => "bad_target_date",
            Self::BadCloseDate => "bad_close_date",
            Self::ClosedBeforeOpened => "closed_before_opened",
            Self::UnknownStatus => "unknown_status",
            Self::BadCoordinates => "bad_coordinates",
            Self::TextTooLong => "text_too_long",
        }
    }
}

/// What became of every row. It closes: `read` is `stored` plus everything that was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub read: u64,
    pub stored: u64,
    pub refused: BTreeMap<Reason, u64>,
}

impl Account {
    /// All rows that were refused, whatever the reason.
    pub fn refused_in_all(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Whether every row that was read is accounted for.
    pub fn closes(&self) -> bool {
        self.read == self.stored + self.refused_in_all()
    }

    fn refuse(&mut self, reason: Reason, rows: u64) {
        if rows > 0 {
            *self.refused.entry(reason).or_default() += rows;
        }
    }
}

/// Why an import ended before the end of its file. What was stored before stays.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read, or is a damaged gzip file.
    #[error("the file cannot be read on after {rows} rows")]
    Read { rows: u64, source: std::io::Error },
    /// The first line does not name this column, so this is another kind of file.
    #[error("the file has no column {0}")]
    MissingColumn(&'static str),
    #[error("the city did not take the reports")]
    City(#[from] pendopo_operations::Error),
    /// A fault of this program: rows were lost or counted twice.
    #[error("the account does not close: {} read, {} stored, {} refused", .0.read, .0.stored, .0.refused_in_all())]
    DoesNotClose(Account),
}

/// Reads cases from `reader` (CSV, plain or gzip) into `city` as history: it triggers nothing and tells nobody.
///
/// Services are made as their types appear. `progress` is told the rows read so far after each batch.
///
/// # Errors
/// [`ImportError`]. Reports that were stored before stay, and the import can be run again.
pub async fn import(
    city: &City,
    actor: &Actor,
    reader: impl Read,
    mut progress: impl FnMut(u64),
) -> Result<Account, ImportError> {
    let failed = |rows: u64| move |source| ImportError::Read { rows, source };
    let mut rows = Rows::open(reader).map_err(failed(0))?;
    let columns = Columns::find(&rows.header().map_err(failed(0))?)?;
    let mut account = Account::default();
    let mut batch = Batch::default();
    let configuration = city.configuration();
    let calendar = &configuration.calendar;
    while let Some(row) = rows.next().map_err(failed(account.read))? {
        account.read += 1;
        let case = match row {
            Row::Whole(fields) => columns.read(&fields, calendar.zone()),
            Row::Refused(reason) => Err(reason),
        };
        match case {
            Ok(case) if batch.numbers.contains(&case.number) => {
                account.refuse(Reason::DuplicateNumber, 1);
            }
            Ok(case) => batch.add(case, &configuration),
            Err(reason) => account.refuse(reason, 1),
        }
        if batch.reports.len() >= history::BATCH {
            std::mem::take(&mut batch)
                .store(city, actor, &mut account)
                .await?;
            progress(account.read);
        }
    }
    batch.store(city, actor, &mut account).await?;
    progress(account.read);
    if account.closes() {
        Ok(account)
    } else {
        Err(ImportError::DoesNotClose(account))
    }
}

/// Reports on their way into one transaction, with the services that they need.
#[derive(Default)]
struct Batch {
    reports: Vec<Report>,
    numbers: BTreeSet<String>,
    services: BTreeMap<String, Service>,
}

impl Batch {
    fn add(&mut self, case: Case, configuration: &configuration::Configuration) {
        self.numbers.insert(case.number.clone());
        let known = configuration.service(&case.service_code);
        let terms = known.map_or_else(Terms::default, |service| service.terms);
        self.services
            .entry(case.service_code.clone())
            .or_insert_with(|| service(&case));
        self.reports.push(case.into_report(terms, configuration));
    }

    async fn store(
        self,
        city: &City,
        actor: &Actor,
        account: &mut Account,
    ) -> Result<(), ImportError> {
        if self.reports.is_empty() {
            return Ok(());
        }
        let configuration = city.configuration();
        let new: Vec<Service> = self
            .services
            .into_values()
            .filter(|service| configuration.service(&service.code).is_none())
            .collect();
        if !new.is_empty() {
            configuration::put_services(city, actor, new).await?;
        }
        let given = self.reports.len() as u64;
        let known = history::import(city, self.reports).await?.len() as u64;
        account.refuse(Reason::DuplicateNumber, known);
        account.stored += given - known;
        Ok(())
    }
}

/// The service of a type of case: one language, the usual terms.
fn service(case: &Case) -> Service {
    Service {
        code: case.service_code.clone(),
        names: Texts::same(&case.service_name),
        descriptions: Texts::default(),
        group: Texts::same(&case.service_group),
        keywords: vec![],
        terms: Terms::default(),
        default_visibility: pendopo_domain::reports::Visibility::Public,
        active: true,
        attributes: vec![],
    }
}
