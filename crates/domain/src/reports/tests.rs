use super::*;
use crate::ratings::Verdict;
use jiff::tz::TimeZone;
use proptest::prelude::*;

fn calendar() -> WorkingCalendar {
    WorkingCalendar::new(TimeZone::get("Asia/Jakarta").unwrap(), [])
}

fn at(text: &str) -> Timestamp {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

fn received(now: Timestamp) -> Report {
    let new = NewReport {
        service_code: "lampu".into(),
        visibility: Visibility::Public,
        anonymous: false,
        person: None,
        channel: Channel::Web,
        area: None,
        position: None,
        place: None,
        description: None,
    };
    let mut report = Report::open(new, Terms::default(), &calendar(), now);
    report.id = ReportId(1);
    report
}

#[test]
fn the_clocks_are_three_five_and_ten_working_days() {
    let monday = at("2026-11-23T03:00:00Z");
    let mut report = received(monday);
    assert_eq!(report.due_at(), Some(at("2026-11-26T16:59:59Z")));
    assert_eq!(report.deadlines.expected_at, at("2026-12-03T16:59:59Z"));
    let mut take = |step, now| {
        report
            .take(step, Terms::default(), &calendar(), now)
            .map(|()| report.due_at())
    };
    assert_eq!(
        take(Step::Assign { team: TeamId(1) }, monday),
        Ok(Some(at("2026-11-30T16:59:59Z")))
    );
    assert_eq!(
        take(Step::Resolve, monday),
        Ok(Some(at("2026-12-07T16:59:59Z")))
    );
}

#[test]
fn the_reporter_may_change_the_answer_until_closing() {
    let now = at("2026-11-23T03:00:00Z");
    let mut report = received(now);
    let mut take = |step, now| {
        report
            .take(step, Terms::default(), &calendar(), now)
            .map(|()| report.state)
    };
    assert_eq!(
        take(
            Step::Answer {
                verdict: Verdict::Confirmed
            },
            now
        ),
        Err(Refusal::WrongState(State::Received))
    );
    assert_eq!(take(Step::Resolve, now), Ok(State::Resolved));
    assert_eq!(
        take(
            Step::Answer {
                verdict: Verdict::NotYet
            },
            now
        ),
        Ok(State::Reopened)
    );
    assert_eq!(
        take(
            Step::Answer {
                verdict: Verdict::Confirmed
            },
            now
        ),
        Ok(State::Confirmed)
    );
    assert_eq!(
        take(
            Step::Answer {
                verdict: Verdict::NotYet
            },
            now.plus_days(30)
        ),
        Err(Refusal::AnswerClosed)
    );
}

#[test]
fn the_answer_can_still_be_changed_when_a_reopened_report_has_a_new_team() {
    let now = at("2026-11-23T03:00:00Z");
    let mut report = received(now);
    let yes = Step::Answer {
        verdict: Verdict::Confirmed,
    };
    let not_yet = Step::Answer {
        verdict: Verdict::NotYet,
    };
    let assign = |id| Step::Assign { team: TeamId(id) };
    let mut take = |step: &Step, now| {
        report
            .take(step.clone(), Terms::default(), &calendar(), now)
            .map(|()| report.state)
    };
    assert_eq!(take(&assign(1), now), Ok(State::Assigned));
    // The city has not said resolved yet.
    assert_eq!(take(&yes, now), Err(Refusal::WrongState(State::Assigned)));
    assert_eq!(take(&Step::Resolve, now), Ok(State::Resolved));
    assert_eq!(take(&not_yet, now), Ok(State::Reopened));
    assert_eq!(take(&assign(2), now), Ok(State::Assigned));
    assert_eq!(take(&not_yet, now), Ok(State::Assigned));
    assert_eq!(
        take(&yes, now.plus_days(30)),
        Err(Refusal::AnswerClosed),
        "closing is closing"
    );
    assert_eq!(take(&yes, now), Ok(State::Confirmed));
}

#[test]
fn silence_is_not_consent() {
    let now = at("2026-11-23T03:00:00Z");
    let mut report = received(now);
    let mut take = |step, now| {
        report
            .take(step, Terms::default(), &calendar(), now)
            .map(|()| report.state)
    };
    assert_eq!(take(Step::Resolve, now), Ok(State::Resolved));
    assert_eq!(take(Step::Lapse, now), Err(Refusal::AnswerStillOpen));
    assert_eq!(take(Step::Lapse, now.plus_days(30)), Ok(State::Unconfirmed));
}

#[test]
fn numbers_are_read_as_people_write_them() {
    for text in ["L-2187", "l-2187", " L2187 "] {
        assert_eq!(Number::parse(text), Number::Own(ReportId(2187)), "{text}");
    }
    for text in ["101000295613", "L-", "L-x1", ""] {
        assert!(matches!(Number::parse(text), Number::Foreign(_)), "{text}");
    }
}

proptest! {
    #[test]
    fn no_sequence_of_steps_confirms_what_the_reporter_did_not(steps in prop::collection::vec(0_u8..7, 0..40)) {
        let now = at("2026-11-23T03:00:00Z");
        let mut report = received(now);
        let mut said_yes = false;
        for step in steps {
            let (step, yes) = match step {
                0 => (Step::Assign { team: TeamId(1) }, false),
                1 => (Step::Resolve, false),
                2 => (Step::Answer { verdict: Verdict::Confirmed }, true),
                3 => (Step::Answer { verdict: Verdict::NotYet }, false),
                4 => (Step::Lapse, false),
                5 => (Step::Refer, false),
                _ => (Step::CloseNotFixed, false),
            };
            let before = report.clone();
            if report.take(step, Terms::default(), &calendar(), now).is_ok() { said_yes = yes; } else { prop_assert_eq!(&before, &report); }
            prop_assert_eq!(report.state == State::Confirmed, said_yes && report.state == State::Confirmed);
            prop_assert!(report.state != State::Confirmed || said_yes);
        }
    }
}
