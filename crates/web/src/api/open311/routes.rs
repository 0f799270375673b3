//! Every Open311 route, as one table: each resource once, on both endpoints and in every format.
//!
//! Reading is the same on both endpoints; posting on the test one stores nothing. The key in the form, not the cookie,
//! says who posts, so that the guard asks no more than for a page of the public.

use pendopo_domain::policy::Action::SeePublic;

use super::post::{create_request, validate_request};
use super::updates::{create_update, list_updates, validate_update};
use super::{
    list_requests, list_services, show_discovery, show_request, show_service_definition, show_token,
};
use crate::routes::{Route, act, show};

/// The spellings of a path: an extension for each format, and none, where the Accept header decides.
macro_rules! every_format {
    ($($part:literal),+) => {
        [concat!($($part),+, ".xml"), concat!($($part),+, ".json"), concat!($($part),+)]
    };
}

/// Routes of resources of the two endpoints: how one is read and, where it can be, posted and posted to try out.
macro_rules! endpoints {
    ($routes:ident: $($spell:ident $resource:literal => $read:ident $(, $post:ident, $try_out:ident)?;)+) => {$(
        for path in $spell!("/open311/v2/", $resource) {
            show($routes, path, SeePublic, $read);
            $(act($routes, path, SeePublic, $post);)?
        }
        for path in $spell!("/open311/test/v2/", $resource) {
            show($routes, path, SeePublic, $read);
            $(act($routes, path, SeePublic, $try_out);)?
        }
    )+};
}

/// A path whose last part is a name with or without an extension.
macro_rules! by_name {
    ($($part:literal),+) => {
        [concat!($($part),+, "/{name}")]
    };
}

/// Adds the routes of Open311.
pub(crate) fn routes(routes: &mut Vec<Route>) {
    for path in every_format!("/open311/discovery") {
        show(routes, path, SeePublic, show_discovery);
    }
    endpoints! { routes:
        every_format "services" => list_services;
        by_name "services" => show_service_definition;
        every_format "requests" => list_requests, create_request, validate_request;
        by_name "requests" => show_request;
        by_name "tokens" => show_token;
        every_format "servicerequestupdates" => list_updates, create_update, validate_update;
        // What older versions of FixMyStreet's client call it.
        every_format "update" => list_updates, create_update, validate_update;
    }
}
