//! Pages: one file per room, each a few handlers that call a use case and show what came of it.

pub(crate) mod alarm;
mod alerts;
mod crew;
mod desk;
mod entry;
mod follow;
mod incident;
pub(crate) mod live;
mod mayor;
pub(crate) mod parts;
mod public;
mod report_form;
mod setup;
mod sign_in;
mod sources;
mod staff_parts;
mod units;
mod wall;

pub(crate) use alerts::{alert_cards, alert_mark, stage_band, warning};
pub(crate) use parts::map_around;

use crate::routes::Route;

/// Adds the routes of all pages.
pub(crate) fn routes(routes: &mut Vec<Route>) {
    entry::routes(routes);
    setup::routes(routes);
    public::routes(routes);
    alerts::routes(routes);
    live::routes(routes);
    sources::routes(routes);
    report_form::routes(routes);
    follow::routes(routes);
    sign_in::routes(routes);
    desk::routes(routes);
    alarm::routes(routes);
    incident::routes(routes);
    units::routes(routes);
    crew::routes(routes);
    wall::routes(routes);
    mayor::routes(routes);
}
