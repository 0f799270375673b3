//! Posted Open311 reports and updates: no panic, and an accepted report keeps its promises.
#![no_main]

use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use pendopo_standards::open311::post::{MAX_DESCRIPTION_CHARS, MAX_MEDIA_URLS, MAX_SHORT_CHARS};
use pendopo_standards::open311::{FormLimits, UpdateStatus, decode_form, parse_form, parse_update};

fuzz_target!(|bytes: &[u8]| {
    let Ok(pairs) = decode_form(bytes, &FormLimits::default()) else {
        return;
    };
    if let Ok(update) = parse_update(pairs.clone(), &TimeZone::UTC) {
        assert!(!update.service_request_id.is_empty() && !update.update_id.is_empty());
        let texts = [&update.service_request_id, &update.update_id];
        assert!(
            texts
                .iter()
                .all(|text| text.chars().count() <= MAX_SHORT_CHARS)
        );
        let description = update.description.as_deref().unwrap_or_default();
        assert!(description.chars().count() <= MAX_DESCRIPTION_CHARS);
        assert!(!description.contains('\0') && update.media_urls.len() <= MAX_MEDIA_URLS);
        assert_eq!(
            UpdateStatus::parse(update.status.as_str()),
            Some(update.status)
        );
    }
    let Ok(post) = parse_form(pairs) else { return };
    assert!(!post.service_code.is_empty());
    assert!(post.lat_long.is_some() || post.address_string.is_some() || post.address_id.is_some());
    if let Some((lat, long)) = post.lat_long {
        assert!(lat.abs() <= 90.0 && long.abs() <= 180.0);
    }
    let description = post.description.unwrap_or_default();
    assert!(description.chars().count() <= MAX_DESCRIPTION_CHARS && !description.contains('\0'));
    assert!(
        post.attributes
            .iter()
            .all(|(code, values)| !code.is_empty() && !values.is_empty())
    );
});
