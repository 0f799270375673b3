//! What is logged, kept in memory to be looked at.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::{Dispatch, Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// Lines of a log, each with its level, its message and its fields.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    /// What was logged outside of requests in this process, by all of its tests.
    pub fn of_the_process() -> Self {
        static ALL: OnceLock<Lines> = OnceLock::new();
        let lines = ALL.get_or_init(|| {
            let lines = Self::default();
            // Nobody else sets one in this process.
            let _ = tracing::dispatcher::set_global_default(lines.dispatch());
            lines
        });
        lines.clone()
    }

    /// A subscriber that writes here.
    pub fn dispatch(&self) -> Dispatch {
        Dispatch::new(tracing_subscriber::registry().with(self.clone()))
    }

    /// All lines since the last look.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("no test panicked here"))
    }

    /// All lines.
    pub fn text(&self) -> String {
        self.0.lock().expect("no test panicked here").join("\n")
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let ours = event.metadata().target().starts_with("pendopo");
        // Statements of the database are logged below this, and only when asked for.
        if !ours && *event.metadata().level() > tracing::Level::INFO {
            return;
        }
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().expect("no test panicked here").push(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.0, " \"{value:?}\""),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
