//! What each page shows: one file per room, one struct per page.
//!
//! A context holds ready values: texts of the city already in the language of the reader, counts,
//! instants, stable words of the domain. It never holds a domain object, so that what is private
//! cannot reach a template by accident. Every page gives samples of its empty, full and failing
//! states; the tests render each of them in each language.

mod alarms;
mod alert_drafts;
mod alerts;
mod chrome;
mod crew;
mod desk;
mod entry;
mod error;
mod follow;
mod home;
mod incident;
mod incident_list;
mod live;
mod mayor;
mod numbers;
mod parts;
mod public;
mod report_form;
mod setup;
mod sign_in;
mod similar;
mod sources;
mod spark;
mod units;
mod walls;

pub use alarms::{
    ALARM_DONE, AlarmList, AlarmPage, AlarmRow, AlarmRule, RuleList, RuleRow, TimeLeft, late_key,
};
pub use alert_drafts::{DraftForm, DraftPage, DraftStep, DraftWords};
pub use alerts::{
    AlertAside, AlertCard, AlertDesk, AlertDocument, AlertList, AlertPage, AlertStaff, AlertTexts,
    DraftRow, FeedRow, StageBand, StageRow, StageView,
};
pub use chrome::{Banner, Chrome, Nav, SignedIn};
pub use crew::{Crew, CrewTask, Press, TaskRow};
pub use desk::{
    DONE_WORDS, Deadline, Desk, DeskFilters, Detail, IdentityBox, QueueKind, QueueRow,
    ReportDetail, Tab, Tabs,
};
pub use entry::{CityLink, CityList, DemoSignIn};
pub use error::{ErrorKind, ErrorPage, Privacy};
pub use follow::{Follow, Question, Saved};
pub use home::{Home, HonestNumbers};
pub use incident::{
    Clock, ClockInstant, CrewRow, IncidentAlarm, IncidentDetail, IncidentLink, IncidentReport,
    STRETCH_WORDS, StepRow,
};
pub use incident_list::{IncidentForm, IncidentList, IncidentRow};
pub use live::{LiveAttribute, LiveEntity, LiveKind, LiveList, LivePoint, LiveRow, LiveTab};
pub use mayor::{MayorLine, MayorPage};
pub use numbers::{NumberRow, NumbersPage, RatingSummary};
pub use parts::{
    Arg, Choice, ChoiceGroup, Due, FieldError, MapView, NumberLink, Phase, Photo, PhotoKind,
    ReportRow, TimelineEntry, Unit,
};
pub use public::{ListFilters, MapPage, PublicIncident, ReportList, ReportPage};
pub use report_form::{
    AttributeField, KeptPhoto, Privacy as ReportPrivacy, QuestionsPage, ReportForm, ReportSent,
    ServiceChoice, ServiceGroup,
};
pub use setup::{SetupDone, SetupLink, SetupPage};
pub use sign_in::{LinkState, SignIn, SignInFailure, SignInLink};
pub use similar::{SimilarFragment, SimilarItem, SimilarPage};
pub use sources::{
    AsideReason, AsideRow, SourceDone, SourceList, SourcePage, SourceRow, SourceState,
};
pub use spark::{Spark, Trend};
pub use units::{UnitRow, UnitsPage};
pub use walls::{WallLine, WallLink, WallLinks, WallPage};

#[cfg(test)]
mod tests;
