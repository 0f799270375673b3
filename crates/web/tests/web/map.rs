//! What the map is given.
