//! What alarms and rules say is made one when the rules are others: a rule was changed, disabled or removed.
//!
//! An alarm whose rule is gone goes on when another rule of its cause still holds; that one speaks from then on. It is
//! over when none does. What a rule holds against something of which there is no alarm, because its group is another
//! now, is forgotten: the next look raises it anew.

use pendopo_domain::alarms::{Alarm, AlarmId};
use pendopo_domain::rules::{Engine, Kept, Memory, Rule};
use pendopo_domain::time::Timestamp;
use pendopo_store::{Db, StoreError, rules as rows};

use crate::alarms as desk;

/// What has to be written for the database to be as the rules are.
pub(super) struct Settled {
    /// Alarms that another rule speaks for from now on, or none.
    turned: Vec<(AlarmId, Option<Rule>)>,
    forgotten: Vec<Kept>,
}

/// What the rules remember from now on. `kept` is what was remembered, `open` the open alarms.
pub(super) fn settle(engine: &Engine, kept: Vec<Kept>, open: Vec<Alarm>) -> (Memory, Settled) {
    let active: Vec<Alarm> = open.into_iter().filter(|alarm| alarm.is_active).collect();
    let stays = |one: &Kept| {
        let rule = engine.rules().find(|rule| rule.code == one.rule);
        rule.is_some_and(|rule| {
            let cause = rule.cause_at(&one.subject);
            !one.watch.is_some_and(|watch| watch.is_on())
                || active.iter().any(|alarm| alarm.cause == cause)
        })
    };
    let (kept, gone): (Vec<Kept>, Vec<Kept>) = kept.into_iter().partition(stays);
    let forgotten = gone.into_iter().map(|one| Kept { watch: None, ..one });
    let forgotten = forgotten.collect();
    let memory = engine.remember(kept);
    let causes = engine.causes(&memory);
    let turned = active.into_iter().filter_map(|alarm| {
        if engine.rules().any(|rule| speaks_for(rule, &alarm)) {
            return None;
        }
        let holding = causes.get(&alarm.cause).and_then(|rules| rules.first());
        Some((alarm.id, holding.map(|rule| (**rule).clone())))
    });
    let settled = Settled {
        turned: turned.collect(),
        forgotten,
    };
    (memory, settled)
}

/// Whether the alarm is one that `rule` raises as it is now.
fn speaks_for(rule: &Rule, alarm: &Alarm) -> bool {
    rule.code == alarm.rule && alarm.cause.starts_with(&rule.cause_at(""))
}

impl Settled {
    /// Whether nothing has to be done.
    pub(super) fn is_so(&self) -> bool {
        self.turned.is_empty() && self.forgotten.is_empty()
    }

    /// Does it. Part of the transaction that has seen that no other process moved on.
    pub(super) async fn keep(&self, db: &mut Db, now: Timestamp) -> Result<(), StoreError> {
        for (id, next) in &self.turned {
            desk::hand_over(db, *id, next.as_ref(), now).await?;
        }
        rows::keep(db, &self.forgotten).await
    }
}
