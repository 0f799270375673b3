//! What several pages need: rows, choices, maps, photos and timelines of reports.
