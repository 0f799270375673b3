//! What other systems and our own scripts ask for.

pub mod events;
pub mod live;
pub mod map;
pub mod ngsi_ld;
pub mod open311;
pub mod photos;
pub mod wall;
