//! What the commands print, in the language of the terminal.

use std::io::Write;

use pendopo_web::i18n::{self, FluentArgs, Language};

/// Prints in one language. Answers go to standard output, progress and failures to standard error.
#[derive(Clone, Copy)]
pub struct Say {
    language: Language,
}

impl Say {
    /// By `LC_ALL`, `LC_MESSAGES`, `LANG` (POSIX order): Bahasa Indonesia if it says so, else English.
    pub fn from_environment() -> Self {
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        let language = set.and_then(|tag| Language::from_tag(&tag));
        Self {
            language: language.unwrap_or(Language::En),
        }
    }

    /// The text of `key`, to be printed or to be the context of an error.
    pub fn text(&self, key: &str, args: &[(&str, &str)]) -> String {
        let mut filled = FluentArgs::new();
        for (name, value) in args {
            filled.set(*name, *value);
        }
        i18n::text(self.language, key, Some(&filled))
    }

    /// Prints a sentence.
    pub fn line(&self, key: &str, args: &[(&str, &str)]) {
        self.plain(&self.text(key, args));
    }

    /// Prints a value that stands alone on its line: a key, a path, a name.
    pub fn plain(&self, text: &str) {
        // Nobody is left to tell when standard output is closed.
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    /// Prints a sentence on the way.
    pub fn progress(&self, key: &str, args: &[(&str, &str)]) {
        let _ = writeln!(std::io::stderr(), "{}", self.text(key, args));
    }

    /// Prints why a command failed, the outermost reason first.
    pub fn failed(&self, error: &anyhow::Error) {
        let mut stderr = std::io::stderr();
        let top = error.to_string();
        let _ = writeln!(stderr, "{}", self.text("cli-failed", &[("why", &top)]));
        for cause in error.chain().skip(1) {
            let _ = writeln!(stderr, "  {cause}");
        }
    }

    /// A count as it is written in the language.
    pub fn number(&self, count: u64) -> String {
        i18n::format::number(self.language, count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pendopo_connectors::{areas, boston_311, replay};

    #[test]
    fn every_reason_has_a_sentence_in_both_languages() {
        let rows = boston_311::Reason::ALL
            .iter()
            .map(|reason| format!("cli-row-{}", reason.word()));
        let areas = areas::Reason::ALL
            .iter()
            .map(|reason| format!("cli-area-{}", reason.word()));
        let records = replay::Reason::ALL
            .iter()
            .map(|reason| format!("cli-record-{}", reason.word()));
        for key in rows.chain(areas).chain(records) {
            for language in Language::ALL {
                let text = Say { language }.text(&key, &[("count", "7")]);
                assert!(text.starts_with("7 "), "{key}: {text}");
            }
        }
    }
}
