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
        for line in self.why(error) {
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }

    /// A sentence in the language, and below it the causes in the words of the code, for whoever looks into it.
    fn why(&self, error: &anyhow::Error) -> Vec<String> {
        // A text of [`Say::text`] is a `String`; other errors have none of their own yet.
        let (sentence, causes) = if error.is::<String>() {
            (error.to_string(), 1)
        } else {
            (self.text("cli-unforeseen", &[]), 0)
        };
        let mut lines = vec![self.text("cli-failed", &[("why", &sentence)])];
        lines.extend(error.chain().skip(causes).map(|cause| format!("  {cause}")));
        lines
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
    fn a_failure_begins_with_a_sentence_in_the_language() {
        let say = Say {
            language: Language::Id,
        };
        let raw = || std::io::Error::other("disk on fire");
        let sentence = say.text("cli-no-database", &[]);
        let told = anyhow::Error::new(raw()).context(sentence.clone());
        let lines = say.why(&told);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].ends_with(&sentence), "{lines:?}");
        assert_eq!(lines[1], "  disk on fire");
        let alone = say.why(&anyhow::Error::msg(sentence.clone()));
        assert_eq!(alone, lines[..1]);
        let lines = say.why(&raw().into());
        assert!(
            lines[0].ends_with(&say.text("cli-unforeseen", &[])),
            "{lines:?}"
        );
        assert_eq!(lines[1], "  disk on fire");
    }

    #[test]
    fn everything_that_is_wrong_with_a_blueprint_has_a_sentence_in_both_languages() {
        use pendopo_domain::blueprints::What;
        use pendopo_exchange::{archive::Refusal, signature::Untrusted};
        let problems = What::ALL.iter().map(|one| format!("cli-problem-{one}"));
        let packages = Refusal::ALL.iter().map(|one| format!("cli-package-{one}"));
        let signatures = Untrusted::ALL
            .iter()
            .map(|one| format!("cli-signature-{one}"));
        for key in problems.chain(packages).chain(signatures) {
            for language in Language::ALL {
                let args = [("place", "here"), ("detail", "this"), ("file", "here")];
                let text = Say { language }.text(&key, &args);
                let says = text.contains("here") || key.starts_with("cli-signature");
                assert!(says && text.ends_with('.'), "{key}: {text}");
            }
        }
    }

    #[test]
    fn every_reason_has_a_sentence_in_both_languages() {
        let rows = boston_311::Reason::ALL
            .iter()
            .map(|reason| format!("cli-row-{}", reason.word()));
        let areas = areas::Reason::ALL
            .iter()
            .map(|reason| format!("cli-area-{}", reason.word()));
        let aside = pendopo_domain::sources::Reason::ALL
            .iter()
            .map(|reason| format!("cli-aside-{}", reason.word()));
        let records = replay::Reason::ALL
            .iter()
            .map(|reason| format!("cli-record-{}", reason.word()));
        for key in rows.chain(areas).chain(aside).chain(records) {
            for language in Language::ALL {
                let text = Say { language }.text(&key, &[("count", "7")]);
                assert!(text.starts_with("7 "), "{key}: {text}");
            }
        }
    }
}
