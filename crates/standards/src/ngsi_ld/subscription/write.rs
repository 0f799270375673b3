//! Subscriptions and notifications, out.

use pendopo_domain::entities::Iri;
use pendopo_domain::time::Timestamp;

use super::{Account, Endpoint, Notification, Selector, Status, Subscription, Trigger};
use crate::ngsi_ld::context::Context;
use crate::ngsi_ld::problem::ids;
use crate::ngsi_ld::q;
use crate::ngsi_ld::select::Member;
use crate::ngsi_ld::write::{member, text, time};

/// What kind of notification a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Section 5.3.1.
    Entities,
    /// Section 5.3.2: about context sources; the word says why.
    ContextSources(&'static str),
}

/// A notification; `data` is the JSON of what it tells, `context` that of its `@context`.
pub fn notification(
    kind: Kind,
    id: &str,
    subscription: &str,
    at: Timestamp,
    data: &[u8],
    context: Option<&str>,
) -> Vec<u8> {
    let mut out = b"{\"id\":".to_vec();
    text(&mut out, id);
    member(&mut out, "type");
    text(
        &mut out,
        match kind {
            Kind::Entities => "Notification",
            Kind::ContextSources(_) => "ContextSourceNotification",
        },
    );
    member(&mut out, "subscriptionId");
    text(&mut out, subscription);
    member(&mut out, "notifiedAt");
    time(&mut out, at);
    if let Kind::ContextSources(why) = kind {
        member(&mut out, "triggerReason");
        text(&mut out, why);
    }
    member(&mut out, "data");
    out.extend_from_slice(data);
    json_member(&mut out, "@context", context);
    out.push(b'}');
    out
}

impl Subscription {
    /// Appends the document. `times` are when it was created and last changed, for `sysAttrs`; `context_json` is the
    /// JSON of its `@context`.
    pub fn write(
        &self,
        out: &mut Vec<u8>,
        context: &Context,
        account: &Account,
        now: Timestamp,
        times: Option<(Timestamp, Timestamp)>,
        context_json: Option<&str>,
    ) {
        out.push(b'{');
        text_member(out, "id", self.id.as_deref());
        member(out, "type");
        text(out, "Subscription");
        text_member(out, "subscriptionName", self.name.as_deref());
        text_member(out, "description", self.description.as_deref());
        if !self.entities.is_empty() {
            member(out, "entities");
            array(out, &self.entities, |out, one| one.write(out, context));
        }
        if !self.watched.is_empty() {
            member(out, "watchedAttributes");
            names(out, &self.watched, context);
        }
        member(out, "notificationTrigger");
        ids(out, self.triggers().iter().map(|one| Trigger::name(*one)));
        number_member(out, "timeInterval", self.time_interval);
        number_member(out, "throttling", self.throttling);
        self.queries(out, context);
        bool_member(out, "isActive", self.is_active);
        time_member(out, "expiresAt", self.expires_at);
        text_member(out, "lang", self.lang.as_deref());
        if !self.datasets.is_empty() {
            member(out, "datasetId");
            let word = |one: &Option<Iri>| one.clone().unwrap_or_else(|| "@none".into());
            let words: Vec<Iri> = self.datasets.iter().map(word).collect();
            ids(out, words.iter().map(|one| &**one));
        }
        member(out, "notification");
        self.notification.write(out, context, account);
        text_member(out, "jsonldContext", self.jsonld_context.as_deref());
        member(out, "status");
        text(
            out,
            match self.status(now) {
                Status::Active => "active",
                Status::Paused => "paused",
                Status::Expired => "expired",
            },
        );
        if let Some((created, modified)) = times {
            time_member(out, "createdAt", Some(created));
            time_member(out, "modifiedAt", Some(modified));
        }
        json_member(out, "@context", context_json);
        out.push(b'}');
    }

    fn queries(&self, out: &mut Vec<u8>, context: &Context) {
        for (name, given) in [("q", &self.q), ("csf", &self.csf)] {
            let Some(given) = given else { continue };
            // The words of the client, when they mean the same with the names of this context.
            let again = q::condition_of_document(&given.text, context);
            let core = Context::core();
            let expanded = q::condition_text(&given.query, &core);
            let same = again.is_ok_and(|again| q::condition_text(&again, &core) == expanded);
            member(out, name);
            if same {
                text(out, &given.text);
            } else {
                text(out, &q::condition_text(&given.query, context));
            }
        }
        text_member(out, "scopeQ", self.scope_q.as_ref().map(|one| &*one.text));
        json_member(out, "geoQ", self.geo_q.as_ref().map(|one| one.json.get()));
        json_member(
            out,
            "temporalQ",
            self.temporal_q.as_ref().map(|one| one.get()),
        );
    }
}

impl Selector {
    fn write(&self, out: &mut Vec<u8>, context: &Context) {
        out.push(b'{');
        match &*self.ids {
            [] => {}
            [one] => text_member(out, "id", Some(one)),
            many => {
                member(out, "id");
                ids(out, many.iter().map(|one| &**one));
            }
        }
        text_member(
            out,
            "idPattern",
            self.id_pattern.as_ref().map(|one| one.as_str()),
        );
        let types = self
            .types
            .as_ref()
            .map(|types| q::types_text(types, context));
        if types.is_some() || (self.ids.is_empty() && self.id_pattern.is_none()) {
            text_member(out, "type", Some(types.as_deref().unwrap_or("*")));
        }
        out.push(b'}');
    }
}

impl Notification {
    fn write(&self, out: &mut Vec<u8>, context: &Context, account: &Account) {
        out.push(b'{');
        if let Some(attrs) = &self.selection.attrs {
            member(out, "attributes");
            names(out, attrs, context);
        }
        if let Some(pick) = &self.selection.pick {
            member(out, "pick");
            members(out, pick, context);
        }
        if !self.selection.omit.is_empty() {
            member(out, "omit");
            members(out, &self.selection.omit, context);
        }
        text_member(out, "format", self.format_word);
        bool_member(out, "sysAttrs", self.sys_attrs);
        bool_member(out, "showChanges", self.show_changes);
        text_member(out, "join", self.join.map(super::Join::name));
        number_member(out, "joinLevel", self.join_level.map(f64::from));
        member(out, "endpoint");
        self.endpoint.write(out);
        if account.times_sent > 0 {
            let failed = account.last_failure > account.last_success;
            text_member(out, "status", Some(if failed { "failed" } else { "ok" }));
            count_member(out, "timesSent", account.times_sent);
        }
        if account.times_failed > 0 {
            count_member(out, "timesFailed", account.times_failed);
        }
        time_member(out, "lastNotification", account.last_notification);
        time_member(out, "lastSuccess", account.last_success);
        time_member(out, "lastFailure", account.last_failure);
        out.push(b'}');
    }
}

impl Endpoint {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        text_member(out, "uri", Some(&self.uri));
        text_member(out, "accept", self.accept.map(super::Accept::name));
        for (name, pairs) in [
            ("receiverInfo", &self.receiver_info),
            ("notifierInfo", &self.notifier_info),
        ] {
            if !pairs.is_empty() {
                member(out, name);
                array(out, pairs, |out, (key, value)| {
                    out.push(b'{');
                    text_member(out, "key", Some(key));
                    text_member(out, "value", Some(value));
                    out.push(b'}');
                });
            }
        }
        number_member(out, "timeout", self.timeout);
        number_member(out, "cooldown", self.cooldown);
        out.push(b'}');
    }
}

fn array<T>(out: &mut Vec<u8>, all: &[T], one: impl Fn(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (n, item) in all.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        one(out, item);
    }
    out.push(b']');
}

fn names(out: &mut Vec<u8>, all: &[Iri], context: &Context) {
    array(out, all, |out, one| text(out, &context.compact(one)));
}

fn members(out: &mut Vec<u8>, all: &[Member], context: &Context) {
    array(out, all, |out, one| text(out, &member_text(one, context)));
}

/// `locatedAt{name}`.
fn member_text(one: &Member, context: &Context) -> String {
    let name = context.compact(&one.name);
    if one.inside.is_empty() {
        return name.into_owned();
    }
    let inside = one.inside.iter().map(|one| member_text(one, context));
    format!("{name}{{{}}}", inside.collect::<Vec<_>>().join(","))
}

fn text_member(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        member(out, name);
        text(out, value);
    }
}

fn json_member(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        member(out, name);
        out.extend_from_slice(value.as_bytes());
    }
}

fn bool_member(out: &mut Vec<u8>, name: &str, value: Option<bool>) {
    json_member(
        out,
        name,
        value.map(|value| if value { "true" } else { "false" }),
    );
}

fn number_member(out: &mut Vec<u8>, name: &str, value: Option<f64>) {
    // A whole number is written without a point.
    json_member(out, name, value.map(|value| value.to_string()).as_deref());
}

fn count_member(out: &mut Vec<u8>, name: &str, value: u64) {
    json_member(out, name, Some(&value.to_string()));
}

fn time_member(out: &mut Vec<u8>, name: &str, value: Option<Timestamp>) {
    if let Some(value) = value {
        member(out, name);
        time(out, value);
    }
}
