use crate::routes::Route;

pub(crate) fn routes(_routes: &mut Vec<Route>) {}
