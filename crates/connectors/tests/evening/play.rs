//! The evening, row by row of its table.

use pendopo_domain::alarms::State as AlarmState;
use pendopo_domain::alerts::AlertId;
use pendopo_domain::alerts::stage::Stage;
use pendopo_domain::incidents::{Assignment, AssignmentState, Clock, IncidentId, State};
use pendopo_domain::live_types::Freshness;
use pendopo_domain::playbooks::{Step, StepState};
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::ratings::{Stars, Verdict};
use pendopo_domain::reports::State as ReportState;
use pendopo_operations::dispatch::{self, Evidence, Outcome, Press};
use pendopo_operations::incidents::{self, Crew};
use pendopo_operations::ratings::{self, Answer};
use pendopo_operations::store::photos as photo_rows;
use pendopo_operations::{
    Error, alarms, alerts, entities, links, measures, photos, playbooks, reports,
};

use crate::people::unit;
use crate::readings::{OUTAGE, clock, later};
use crate::reports::{Kind, plan};
use crate::stage::{Evening, FLOOD, GAUGE_ID, HIGH_WATER, PUMP_ID, PUMP_SILENT};
use crate::{outcome, warnings};

/// Stars of the twelve who say that it is done; 51 in all, 4.25 each.
const STARS: [i64; 12] = [5, 5, 5, 5, 5, 4, 4, 4, 4, 4, 3, 3];

pub async fn play(evening: &mut Evening) {
    evening.expects(plan());
    the_weather_alert_proposes_a_stage(evening).await;
    the_gauge_raises_one_alarm(evening).await;
    let id = evening.incident().await.id;
    the_playbook_and_the_crews(evening, id).await;
    let warning = the_warning(evening, id).await;
    five_minutes_without_network(evening, id).await;
    the_water_falls(evening, id).await;
    let clear = the_all_clear(evening, warning).await;
    another_role_verifies(evening, id).await;
    assert_ne!(warning, clear);
    the_reporters_are_told_and_answer(evening, id).await;
    evening.until("20:40:00").await;
    assert!(evening.is_over());
    nothing_was_lost(evening).await;
    exactly_these_belong(evening, id).await;
}

async fn the_weather_alert_proposes_a_stage(evening: &mut Evening) {
    evening.until("19:00:00").await;
    assert_eq!(warnings::weather_comes(evening).await, 3);
    let (city, people) = (evening.city.as_it_is(), &evening.people);
    let now = alerts::stage::now(city).await.unwrap();
    assert_eq!((now.stage.number(), now.proposed.number()), (1, 2));
    let crew = alerts::stage::set(city, &people.crew, now.proposed).await;
    assert!(matches!(crew, Err(Error::Denied(Action::SetStage))));
    alerts::stage::set(city, &people.operator, now.proposed)
        .await
        .unwrap();
    let raised = alerts::stage::raised(city).await.unwrap();
    assert_eq!(raised.map(|set| set.stage), Stage::new(2));
}

async fn the_gauge_raises_one_alarm(evening: &mut Evening) {
    let (raised, _) = evening.tide.turns();
    assert!(
        raised > clock("19:18:00") && raised < clock("19:22:00"),
        "{raised:?}"
    );
    evening.until("19:22:00").await;
    let all = evening.alarms_of(HIGH_WATER).await;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(
        (all[0].raised_at, all[0].state),
        (raised, AlarmState::Unacknowledged)
    );
    let took = all[0].noticed_at.since(raised).as_secs();
    assert!(
        (0..=2).contains(&took),
        "{took} s after the end of the delay"
    );
    let (city, people) = (evening.city.as_it_is(), &evening.people);
    alarms::acknowledge(city, &people.operator, all[0].id)
        .await
        .unwrap();
}

async fn settle(evening: &Evening, who: &Actor, id: IncidentId, code: &str) {
    let city = evening.city.as_it_is();
    let step = step(evening, id, code).await;
    playbooks::settle(city, who, step.id, StepState::Done, None)
        .await
        .unwrap();
}

async fn step(evening: &Evening, id: IncidentId, code: &str) -> Step {
    let steps = playbooks::of(evening.city.as_it_is(), id).await.unwrap();
    steps.into_iter().find(|step| step.code == code).unwrap()
}

async fn press(evening: &Evening, crew: &Assignment, state: AssignmentState) {
    let city = evening.city.as_it_is();
    let done = dispatch::advance(city, &evening.people.crew, crew.id, state).await;
    assert_eq!(done.unwrap().state, state);
}

/// The pump crew and the truck.
async fn crews(evening: &Evening) -> [Assignment; 2] {
    let all = dispatch::active(evening.city.as_it_is(), &evening.people.crew)
        .await
        .unwrap();
    let of = |code| {
        let unit = Some(unit(&evening.city, code));
        all.iter().find(|held| held.unit == unit).unwrap().clone()
    };
    [of("pompa-1"), of("truk-bpbd-1")]
}

async fn the_playbook_and_the_crews(evening: &mut Evening, id: IncidentId) {
    use AssignmentState::{Acknowledged, EnRoute, OnScene};
    evening.until("19:22:20").await;
    let (operator, dispatcher) = (
        evening.people.operator.clone(),
        evening.people.dispatcher.clone(),
    );
    incidents::look(evening.city.as_it_is(), &operator, id)
        .await
        .unwrap();
    evening.until("19:22:40").await;
    incidents::set_state(evening.city.as_it_is(), &operator, id, State::Triaged)
        .await
        .unwrap();
    assert_eq!(
        playbooks::of(evening.city.as_it_is(), id)
            .await
            .unwrap()
            .len(),
        9
    );
    settle(evening, &operator, id, "periksa-air").await;
    for (time, code, done) in [
        ("19:23:00", "pompa-1", "kirim-pompa"),
        ("19:23:20", "truk-bpbd-1", "kirim-truk"),
    ] {
        evening.until(time).await;
        let crew = Crew::Unit(unit(&evening.city, code));
        incidents::send(evening.city.as_it_is(), &dispatcher, id, crew)
            .await
            .unwrap();
        settle(evening, &dispatcher, id, done).await;
    }
    let triaged = outcome::entry(evening, id, "triaged").await;
    let clocks = incidents::clocks(evening.city.as_it_is(), id)
        .await
        .unwrap();
    let took = clocks
        .at(Clock::Dispatched)
        .unwrap()
        .since(triaged)
        .as_secs();
    assert!((0..=60).contains(&took), "{took} s after triage");
    for (time, number, state) in [
        ("19:24:00", 0, Acknowledged),
        ("19:24:20", 1, Acknowledged),
        ("19:25:00", 0, EnRoute),
        ("19:26:00", 1, EnRoute),
    ] {
        evening.until(time).await;
        press(evening, &crews(evening).await[number], state).await;
    }
    the_pump_house_is_silent(evening).await;
    evening.until("19:29:00").await;
    press(evening, &crews(evening).await[0], OnScene).await;
    assert_eq!(evening.incident().await.state, State::OnScene);
}

/// Its last word was at 19:25:05, one is expected each minute.
async fn the_pump_house_is_silent(evening: &mut Evening) {
    evening.until("19:27:00").await;
    assert_eq!(evening.seen(PUMP_ID).await.freshness, Freshness::Fresh);
    evening.until("19:27:20").await;
    assert_eq!(evening.seen(PUMP_ID).await.freshness, Freshness::Stale);
    assert!(evening.alarms_of(PUMP_SILENT).await.is_empty());
}

async fn the_warning(evening: &mut Evening, id: IncidentId) -> AlertId {
    evening.until("19:30:00").await;
    let warning = warnings::warns(evening, Some(id)).await;
    let document = warnings::listed_first(evening, warning, 1).await;
    warnings::is_valid(&document);
    assert!(document.contains("<responseType>Avoid</responseType>"));
    let dispatcher = evening.people.dispatcher.clone();
    settle(evening, &dispatcher, id, "umumkan").await;
    evening.until("19:31:00").await;
    assert_eq!(
        evening.alarms_of(PUMP_SILENT).await.len(),
        1,
        "the silence is an alarm"
    );
    warning
}

/// Nothing comes and the room works on. What a crew pressed meanwhile comes with its own time, once however often.
async fn five_minutes_without_network(evening: &mut Evening, id: IncidentId) {
    evening.until(OUTAGE.0).await;
    let before = evening.seen(GAUGE_ID).await.reading.unwrap();
    let truck = crews(evening).await[1].clone();
    evening.until("19:42:00").await;
    let step = step(evening, id, "lapor-pimpinan").await;
    let (city, operator) = (evening.city.as_it_is(), &evening.people.operator);
    let words = Some("Tidak ada sambungan.".to_owned());
    playbooks::settle(city, operator, step.id, StepState::Skipped, words)
        .await
        .unwrap();
    evening.until("19:44:40").await;
    let seen = evening.seen(GAUGE_ID).await;
    assert_eq!(seen.freshness, Freshness::Stale);
    assert_eq!(seen.reading, Some(before), "its age grows");
    evening.until("19:45:20").await;
    assert_eq!(evening.seen(GAUGE_ID).await.freshness, Freshness::Fresh);
    let kept = Press {
        state: AssignmentState::OnScene,
        at: Some(clock("19:41:30")),
        key: Some("press-1".into()),
    };
    let (city, crew) = (evening.city.as_it_is(), &evening.people.crew);
    for _ in 0..2 {
        let pressed = dispatch::press(city, crew, truck.id, kept.clone())
            .await
            .unwrap();
        assert_eq!(pressed.outcome, Outcome::Taken);
        assert_eq!(pressed.assignment.on_scene_at, Some(clock("19:41:30")));
    }
    let all = evening.alarms_of(HIGH_WATER).await;
    assert_eq!((all.len(), all[0].times, all[0].is_active), (1, 1, true));
    for code in ["pasang-pompa", "tutup-jalan", "periksa-saluran"] {
        settle(evening, &evening.people.crew, id, code).await;
    }
}

async fn the_water_falls(evening: &mut Evening, id: IncidentId) {
    let (_, returned) = evening.tide.turns();
    assert!(
        returned > clock("20:08:00") && returned < clock("20:13:00"),
        "{returned:?}"
    );
    evening.until("20:10:00").await;
    settle(evening, &evening.people.crew, id, "foto-surut").await;
    let steps = playbooks::of(evening.city.as_it_is(), id).await.unwrap();
    assert!(steps.iter().all(|step| step.state != StepState::Due));
    let evidence = Evidence {
        words: Some("Air surut, jalan dibuka.".into()),
        photo: Some(photos::prepare(picture()).await.unwrap()),
    };
    let pump = crews(evening).await[0].clone();
    let (city, crew) = (evening.city.as_it_is(), &evening.people.crew);
    dispatch::finish(city, crew, pump.id, evidence)
        .await
        .unwrap();
    assert_eq!(evening.incident().await.state, State::Resolved);
    assert!(dispatch::active(city, crew).await.unwrap().is_empty());
    evening.until("20:13:00").await;
    let all = evening.alarms_of(HIGH_WATER).await;
    assert_eq!((all.len(), all[0].times), (1, 1));
    assert_eq!(
        (all[0].returned_at, all[0].state),
        (Some(returned), AlarmState::Ended)
    );
    let seen = alarms::see(evening.city.as_it_is(), &evening.people.operator, all[0].id).await;
    let kinds: Vec<_> = seen
        .unwrap()
        .timeline
        .into_iter()
        .map(|one| one.kind)
        .collect();
    assert_eq!(kinds, ["returned", "acknowledged", "raised"]);
}

/// A small picture in one colour.
fn picture() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(vec![]);
    let picture = image::RgbImage::from_pixel(32, 24, image::Rgb([90, 110, 120]));
    picture
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

async fn the_all_clear(evening: &mut Evening, warning: AlertId) -> AlertId {
    let clear = warnings::all_clear(evening, warning).await;
    let document = warnings::listed_first(evening, clear, 2).await;
    warnings::is_valid(&document);
    assert!(document.contains("<responseType>AllClear</responseType>"));
    clear
}

async fn another_role_verifies(evening: &mut Evening, id: IncidentId) {
    evening.until("20:20:00").await;
    let city = evening.city.as_it_is();
    let own = incidents::set_state(city, &evening.people.crew, id, State::Verified).await;
    assert!(
        matches!(own, Err(Error::Denied(_))),
        "who did it does not verify it"
    );
    let verified = incidents::set_state(city, &evening.people.operator, id, State::Verified).await;
    assert_eq!(verified.unwrap().state, State::Verified);
}

async fn the_reporters_are_told_and_answer(evening: &mut Evening, id: IncidentId) {
    evening.until("20:21:00").await;
    let clocks = incidents::clocks(evening.city.as_it_is(), id)
        .await
        .unwrap();
    assert!(clocks.at(Clock::Told).is_some());
    let belong: Vec<(_, String)> = evening
        .sent
        .iter()
        .filter(|one| one.kind == Kind::Belongs)
        .map(|one| (one.id, one.token.clone()))
        .collect();
    for (report, token) in &belong {
        let city = evening.city.as_it_is();
        assert_eq!(links::reporter_report(city, token), Some(*report));
        let reporter = city.reporter(*report);
        let told = reports::see(city, &reporter, Action::AnswerReport, *report)
            .await
            .unwrap();
        assert_eq!(told.state, ReportState::Resolved);
        let words = reports::answer_words(city, &told).await.unwrap();
        assert_eq!(words.as_deref(), Some("Air surut, jalan dibuka."));
        let mut db = city.store().read().await.unwrap();
        let shown = photo_rows::of_report(&mut db, *report).await.unwrap();
        assert!(shown.iter().any(|photo| photo.kind == "after"));
    }
    assert!(
        links::reporter_report(evening.city.as_it_is(), &format!("{}x", belong[0].1)).is_none()
    );
    let stars = STARS.map(Stars::new).into_iter();
    let answers = stars
        .map(|stars| (Verdict::Confirmed, stars))
        .chain([(Verdict::NotYet, None), (Verdict::NotYet, None)]);
    let mut at = clock("20:21:00");
    for ((report, _), (verdict, stars)) in belong.iter().zip(answers) {
        at = later(at, 20);
        evening.until(&outcome::time(at)).await;
        let (city, words) = (evening.city.as_it_is(), None);
        let answer = Answer {
            verdict,
            stars,
            words,
        };
        ratings::rate(city, &city.reporter(*report), *report, answer)
            .await
            .unwrap();
    }
    two_keep_it_open(evening, id).await;
}

async fn two_keep_it_open(evening: &mut Evening, id: IncidentId) {
    evening.until("20:30:00").await;
    let (city, operator) = (evening.city.as_it_is(), &evening.people.operator);
    assert_eq!(evening.incident().await.state, State::Reopened);
    let closed = incidents::set_state(city, operator, id, State::Closed).await;
    assert!(
        matches!(closed, Err(Error::Invalid(_))),
        "two say that it is not done"
    );
    let sent = dispatch::active(city, &evening.people.crew).await.unwrap();
    assert!(!sent.is_empty(), "its team goes out again");
    // The numbers that everyone sees.
    let seen = measures::see(city, Some(1)).await.unwrap();
    let numbers = seen.table.by_service[FLOOD];
    assert_eq!(
        (numbers.received, numbers.confirmed, numbers.not_yet),
        (28, 12, 2)
    );
    assert_eq!((numbers.city_says_done, numbers.waiting), (21, 9));
    assert_eq!(seen.stars, [0, 0, 2, 5, 5]);
    let answers: i64 = seen.stars.iter().sum();
    let given: i64 = (1..).zip(seen.stars).map(|(stars, n)| stars * n).sum();
    assert_eq!((given * 100, answers), (425 * 12, 12), "4.25 stars");
}

/// Every message that the network did not lose is in the history, each once.
async fn nothing_was_lost(evening: &Evening) {
    let (city, operator) = (evening.city.as_it_is(), &evening.people.operator);
    let levels = outcome::levels(city, operator).await;
    let sent: Vec<_> = evening
        .tide
        .messages()
        .iter()
        .map(|one| (one.at, one.value))
        .collect();
    assert_eq!(levels, sent);
    assert!(entities::get(city, operator, PUMP_ID).await.is_ok());
    assert_eq!(evening.sent.len(), 30);
}

/// The incident holds exactly the 23; the seven stand alone.
async fn exactly_these_belong(evening: &Evening, id: IncidentId) {
    let of = |is: bool| {
        let sent = evening.sent.iter();
        sent.filter(move |one| (one.kind == Kind::Belongs) == is)
            .map(|one| one.id)
    };
    let mut belong: Vec<_> = of(true).collect();
    belong.sort();
    assert_eq!(belong.len(), 23);
    assert_eq!(evening.city.members(id).await, belong);
    for decoy in of(false) {
        assert_eq!(evening.city.report(decoy).await.incident, None);
    }
    let unread = evening.alarms_of("banjir/laporan-sekitar").await;
    assert!(
        unread.is_empty(),
        "what belongs to the incident is no signal of its own: {unread:?}"
    );
}
