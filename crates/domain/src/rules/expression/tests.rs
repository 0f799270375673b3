use super::*;

fn one(source: &str, terms: &[(&str, Term)]) -> Result<bool, Failed> {
    let names = terms.iter().map(|(name, _)| *name);
    let expression = Expression::compile(source, names).unwrap();
    let terms = terms
        .iter()
        .map(|(name, term)| ((*name).to_owned(), term.clone()));
    Expression::evaluate_all(&[(expression, terms.collect())]).remove(0)
}

fn rejected(source: &str) -> Rejected {
    Expression::compile(source, ["level", "rain"]).unwrap_err()
}

#[test]
fn conditions_over_signals_are_answered() {
    let terms = [
        ("level", Term::Number(121.0)),
        ("rain", Term::Number(12.5)),
        ("state", Term::Text("closed".into())),
        ("pump", Term::Truth(false)),
    ];
    for (source, expect) in [
        ("level > 120.0 && rain >= 10.0", true),
        ("level > 120.0 && pump", false),
        ("!pump && state == 'closed'", true),
        (
            "state in ['open', 'moving'] ? level > 100.0 : level > 130.0",
            false,
        ),
        ("[100.0, 110.0, 120.0].all(x, level > x)", true),
        ("level - rain * 2.0 < 100.0", true),
        ("state.startsWith('clo')", true),
    ] {
        assert_eq!(one(source, &terms), Ok(expect), "{source}");
    }
}

#[test]
fn what_cannot_be_answered_is_an_error_and_nothing_else() {
    let terms = [
        ("level", Term::Number(1.0)),
        ("rain", Term::Text("x".into())),
    ];
    for source in [
        "level + 1.0",
        "level > rain",
        "1 / 0 == 1",
        "[1, 2][5] == 1",
        "size(level) == 1",
    ] {
        assert!(one(source, &terms).is_err(), "{source}");
    }
}

#[test]
fn hostile_sources_are_refused_before_they_run() {
    let deep = |open: &str, close: &str, times| {
        format!("{}1{} == 1", open.repeat(times), close.repeat(times))
    };
    assert_eq!(rejected(&"1+".repeat(600)), Rejected::TooLong);
    // Brackets around one value are no depth at all.
    assert!(Expression::compile(&deep("(", ")", 400), []).is_ok());
    assert_eq!(rejected(&deep("[", "]", 400)), Rejected::TooComplex);
    assert!(matches!(
        rejected(&"!".repeat(900)),
        Rejected::Syntax(_) | Rejected::TooComplex
    ));
    assert!(matches!(
        rejected(&"-".repeat(900)),
        Rejected::Syntax(_) | Rejected::TooComplex
    ));
    assert!(matches!(
        rejected(&"level ? ".repeat(120)),
        Rejected::Syntax(_) | Rejected::TooComplex
    ));
    assert!(matches!(
        rejected(&"{1:".repeat(300)),
        Rejected::Syntax(_) | Rejected::TooComplex
    ));
    assert_eq!(
        rejected("[1,2].all(x, [1,2].all(y, x > y))"),
        Rejected::NestedMacro
    );
    assert_eq!(
        rejected("[1].map(x, [1].map(y, [1].map(z, z))) == []"),
        Rejected::NestedMacro
    );
    assert_eq!(
        rejected("secret > 1.0"),
        Rejected::UnknownName("secret".into())
    );
    assert_eq!(
        rejected("matches(string(level), '(a+)+$')"),
        Rejected::UnknownCall("matches".into())
    );
    assert_eq!(
        rejected("level.name == 1"),
        Rejected::Unsupported("a field")
    );
    assert_eq!(
        rejected("duration('1s') == duration('1s')"),
        Rejected::UnknownCall("duration".into())
    );
    assert!(matches!(rejected("level >"), Rejected::Syntax(_)));
    assert!(matches!(rejected(""), Rejected::Syntax(_)));
    assert!(matches!(
        rejected("\u{0}\u{fffd}\u{202e}"),
        Rejected::Syntax(_)
    ));
}

#[test]
fn the_longest_chain_that_is_allowed_runs_on_its_own_stack() {
    let chain = format!("level{} > 0.0", "+1.0".repeat(250));
    assert_eq!(one(&chain, &[("level", Term::Number(1.0))]), Ok(true));
    let either = format!("level > 9.0{}", "||true".repeat(150));
    assert_eq!(one(&either, &[("level", Term::Number(1.0))]), Ok(true));
}

#[test]
fn a_text_cannot_be_made_to_grow_without_end() {
    // A macro runs over a list of the source, once: what it makes is bounded by the source.
    let grow = "[1,2,3,4,5,6,7,8].map(x, rain + rain).size() == 8";
    assert_eq!(
        one(grow, &[("rain", Term::Text("x".repeat(1_000)))]),
        Ok(true)
    );
}
