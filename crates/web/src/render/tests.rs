use super::*;

fn render(source: &str) -> Result<String, Error> {
    let mut env = environment();
    env.set_debug(false);
    let chrome = Chrome::sample(Language::Id);
    let context = Context {
        chrome: &chrome,
        page: &serde_json::json!({"at": "2026-11-23T12:40:00Z", "evil": "<b>&", "n": 4.25}),
    };
    env.render_str(source, Value::from(Serde(context)))
}

#[test]
fn values_are_formatted_in_the_language_and_the_zone_of_the_page() {
    let cases = [
        ("{{ page.at|time }}", "19.40 WIB"),
        ("{{ page.at|clock }}", "19.40"),
        ("{{ page.at|date }}", "23 November 2026"),
        ("{{ page.at|day_month }}", "23 November"),
        ("{{ page.at|date_time }}", "23 November 2026, 19.40 WIB"),
        ("{{ 1795437600000000|clock }}", "19.40"),
        ("{{ page.n|number }}", "4,3"),
        ("{{ share(121, 214) }}", "57%"),
        (
            "{{ bar(121, 214) }} {{ bar(0, 0) }} {{ bar(9, 9) }}",
            "56% 0% 100%",
        ),
    ];
    for (source, expect) in cases {
        assert_eq!(render(source).unwrap(), expect, "{source}");
    }
}

#[test]
fn what_people_typed_is_escaped_also_inside_texts_with_markup() {
    assert_eq!(render("{{ page.evil }}").unwrap(), "&lt;b&gt;&amp;");
    let text = render("{{ t_html('home-emergency', phone=page.evil) }}").unwrap();
    assert!(text.contains("<b>&lt;b&gt;&amp;</b>"), "{text}");
    let text = render("{{ t('report-word', number=page.evil) }}").unwrap();
    assert_eq!(text, "Laporan &lt;b&gt;&amp;");
}

#[test]
fn a_macro_knows_the_language_and_the_zone_too() {
    let source = "{% from 'macros.html' import moment %}{{ moment(page.at) }}";
    let text = render(source).unwrap();
    assert!(text.contains("23 November 2026, 19.40 WIB"), "{text}");
}

#[test]
fn a_value_or_a_text_that_does_not_exist_stops_the_page() {
    for source in [
        "{{ page.nothing }}",
        "{% if page.nothing %}{% endif %}",
        "{{ t('no-such-key') }}",
        "{{ t('age-days') }}",
        "{{ none }}",
        "{{ 'yesterday'|date }}",
    ] {
        assert!(render(source).is_err(), "{source}");
    }
}
