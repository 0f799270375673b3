//! Every template with every sample in every language, and what must hold for each page.

use std::path::PathBuf;

use super::*;
use crate::i18n::Language;
use crate::render::{Page, page};

mod html;

/// Renders all samples of a page, checks each, and hands them to `see`.
fn each<C: Page>(chrome: fn(Language) -> Chrome, see: &mut dyn FnMut(&str, Language, usize, &str)) {
    for language in Language::ALL {
        for (i, sample) in C::sample().iter().enumerate() {
            let made = page(&chrome(language), sample);
            let text = made.unwrap_or_else(|error| {
                panic!("{} {i} {language:?}: {}", C::TEMPLATE, error.source)
            });
            see(C::TEMPLATE, language, i, &text);
        }
    }
}

fn all(see: &mut dyn FnMut(&str, Language, usize, &str)) {
    let public = Chrome::sample;
    let staff = Chrome::sample_desk;
    each::<CityList>(bare_host, see);
    each::<SetupPage>(bare_host, see);
    each::<SetupDone>(bare_host, see);
    each::<Home>(public, see);
    each::<ReportForm>(public, see);
    each::<QuestionsPage>(public, see);
    each::<SimilarFragment>(public, see);
    each::<SimilarPage>(public, see);
    each::<ReportSent>(public, see);
    each::<ReportList>(public, see);
    each::<MapPage>(public, see);
    each::<ReportPage>(public, see);
    each::<NumbersPage>(public, see);
    each::<LiveList>(public, see);
    each::<LiveEntity>(staff, see);
    each::<SourceList>(staff, see);
    each::<SourcePage>(staff, see);
    each::<AlertList>(public, see);
    each::<AlertPage>(public, see);
    each::<AlertDesk>(staff, see);
    each::<DraftPage>(staff, see);
    each::<DraftForm>(staff, see);
    each::<Follow>(public, see);
    each::<ErrorPage>(with_banner, see);
    each::<Privacy>(public, see);
    each::<SignIn>(public, see);
    each::<SignInLink>(public, see);
    each::<Desk>(staff, see);
    each::<IncidentList>(staff, see);
    each::<IncidentForm>(staff, see);
    each::<UnitsPage>(staff, see);
    each::<AlarmList>(staff, see);
    each::<AlarmPage>(staff, see);
    each::<RuleList>(staff, see);
    each::<MayorPage>(staff, see);
    each::<WallPage>(public, see);
    each::<WallLinks>(staff, see);
    each::<Crew>(staff, see);
    each::<CrewTask>(staff, see);
}

fn bare_host(language: Language) -> Chrome {
    Chrome {
        city_name: "Pendopo".to_owned(),
        slug: String::new(),
        nav: Nav::None,
        ..Chrome::sample(language)
    }
}

fn with_banner(language: Language) -> Chrome {
    Chrome {
        banner: Some(Banner {
            level: 3,
            title: "Waspada rob.".to_owned(),
            text: "Air naik sampai sekitar 20.10.".to_owned(),
            link: Some(("Apa yang perlu saya lakukan".to_owned(), "/".to_owned())),
            more: 1,
        }),
        ..Chrome::sample(language)
    }
}

#[test]
fn every_page_renders_in_every_state_and_language_and_is_sound() {
    let mut problems = Vec::new();
    let mut count = 0;
    all(&mut |template, language, i, text| {
        count += 1;
        let fragment = template == SimilarFragment::TEMPLATE;
        for problem in html::problems(text, language.tag(), fragment) {
            problems.push(format!("{template} {i} {language:?}: {problem}"));
        }
    });
    problems.sort();
    problems.dedup();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(count > 200, "only {count} pages were rendered");
}

#[test]
fn the_checks_see_what_is_wrong() {
    let page = |body: &str| {
        format!("<!doctype html>\n<html lang=\"id\"><main><h1>a</h1>{body}</main></html>")
    };
    let check = |body: &str, expect: &str| {
        let found = html::problems(&page(body), "id", false).join("; ");
        assert!(found.contains(expect), "{body}: {found}");
    };
    assert_eq!(html::problems(&page(""), "id", false), Vec::<String>::new());
    check("<h1>b</h1>", "2 h1");
    check("<p style=\"x\">", "p has style");
    check("<script>x</script>", "inline script");
    check("<input name=\"q\">", "has no label");
    check("<div><p></div></p>", "closes");
    check("<b id=\"a\"></b><b id=\"a\"></b>", "id a twice");
    check("<a href=\"#gone\"></a>", "leads nowhere");
    check("<form><form></form></form>", "a form in a form");
}

#[test]
fn every_icon_of_a_template_is_in_the_sprite() {
    let assets = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets");
    let Ok(listed) = std::fs::read_to_string(assets.join("icons.json")) else {
        return;
    };
    let mut missing = std::collections::BTreeSet::new();
    all(&mut |_, _, _, text| {
        for rest in text.split("/assets/sprite.svg#").skip(1) {
            let name = rest.split('"').next().unwrap_or_default();
            if !listed.contains(&format!("\"{name}\"")) {
                missing.insert(name.to_owned());
            }
        }
    });
    assert!(missing.is_empty(), "not in icons.json: {missing:?}");
}

#[test]
fn an_input_that_was_wrong_says_so_and_keeps_what_was_typed() {
    let failing = &ReportForm::sample()[1];
    let text = page(&Chrome::sample(Language::Id), failing).unwrap();
    assert!(text.contains("<title>Galat: Buat laporan"), "{text}");
    assert!(text.contains("Depan mushala, gang &lt;kedua&gt;"));
    assert!(text.contains("href=\"#description\""));
    assert!(text.contains("aria-describedby=\"description-hint description-galat\""));
    assert!(text.contains("name=\"photo_kept\" value=\"k-1\""));
}

#[test]
fn long_stretches_of_an_incident_are_told_in_hours_and_days() {
    let cases = [
        (Language::Id, "3<small> jam</small> 5<small> mnt</small>"),
        (
            Language::Id,
            "6<small> hari</small> 10<small> jam</small><small>, berjalan</small>",
        ),
        (Language::En, "6<small> d</small> 10<small> h</small>"),
    ];
    let mut pages = Vec::new();
    all(&mut |template, language, _, html| {
        if template == "desk.html" {
            pages.push((language, html.to_owned()));
        }
    });
    for (language, words) in cases {
        assert!(
            pages
                .iter()
                .any(|(spoken, html)| *spoken == language && html.contains(words)),
            "{words}"
        );
    }
}

#[test]
fn stars_are_never_chosen_beforehand() {
    let asked = &Follow::sample()[0];
    let text = page(&Chrome::sample(Language::Id), asked).unwrap();
    assert!(text.contains("name=\"stars\""));
    assert!(!text.contains(" checked"), "{text}");
}

/// `PENDOPO_PAGES=/tmp/pages cargo test -p pendopo-web pages_for_looking` writes every sample.
#[test]
fn pages_for_looking() {
    let Some(folder) = std::env::var_os("PENDOPO_PAGES").map(PathBuf::from) else {
        return;
    };
    std::fs::create_dir_all(&folder).unwrap();
    let mut index = String::from("<!doctype html><title>pages</title><ul>");
    all(&mut |template, language, i, text| {
        let name = template.trim_end_matches(".html");
        let name = format!("{name}-{i}-{}.html", language.tag());
        std::fs::write(folder.join(&name), text).unwrap();
        index.push_str(&format!("<li><a href=\"{name}\">{name}</a>"));
    });
    std::fs::write(folder.join("index.html"), index).unwrap();
}
