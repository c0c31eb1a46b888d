use super::*;

fn connected(namespaces: &[&str]) -> (Session, SessionConfig) {
    let config = SessionConfig { namespaces: 3, ..SessionConfig::default() };
    let mut session = Session::new(&config, 0);
    for namespace in namespaces {
        let text = if *namespace == "/" { "0".to_owned() } else { format!("0{namespace},") };
        assert!(matches!(session.text(&text, &config), Ok(Incoming::Connect { .. })));
        assert!(session.accept(namespace));
    }
    (session, config)
}

#[test]
fn a_namespace_is_joined_left_and_joined_again() {
    let (mut session, config) = connected(&["/", "/custom"]);
    assert_eq!(session.deadline(), None);
    let left = session.text("1/custom,", &config);
    assert_eq!(left, Ok(Incoming::Disconnect { namespace: "/custom".into() }));
    assert_eq!(session.namespaces().collect::<Vec<_>>(), ["/"]);
    assert!(matches!(session.text(r#"2["a"]"#, &config), Ok(Incoming::Event { .. })));
    assert_eq!(session.text(r#"2/custom,["a"]"#, &config), Err(Violation::State));
    assert!(matches!(session.text("0/custom,", &config), Ok(Incoming::Connect { .. })));
}

#[test]
fn what_may_not_come_now_closes_the_connection() {
    let (mut session, config) = connected(&["/"]);
    for text in ["0", r#"4{"message":"x"}"#, "1/other,", r#"3/other,1[]"#] {
        assert_eq!(session.text(text, &config), Err(Violation::State), "{text}");
    }
    let mut asking = Session::new(&config, 0);
    assert!(matches!(asking.text("0", &config), Ok(Incoming::Connect { .. })));
    assert_eq!(asking.text(r#"2["early"]"#, &config), Err(Violation::State));
    assert_eq!(asking.text("abc", &config), Err(Violation::Packet(PacketError::UnknownType)));
}

#[test]
fn what_comes_late_for_a_namespace_that_the_server_ended_is_passed_over() {
    let (mut session, config) = connected(&["/"]);
    assert!(session.end("/"));
    assert!(!session.end("/"));
    assert_eq!(session.text(r#"2["late"]"#, &config), Ok(Incoming::Nothing));
    assert_eq!(session.text("1", &config), Ok(Incoming::Nothing));
    assert!(matches!(session.text("0", &config), Ok(Incoming::Connect { .. })), "it may come back");
}

#[test]
fn a_refused_client_may_ask_again() {
    let config = SessionConfig::default();
    let mut session = Session::new(&config, 5);
    assert_eq!(session.deadline(), Some(45_005));
    assert!(matches!(session.text("0", &config), Ok(Incoming::Connect { .. })));
    session.refuse("/");
    assert!(session.deadline().is_some(), "it is still in no namespace");
    assert!(matches!(session.text("0", &config), Ok(Incoming::Connect { .. })));
    assert!(session.accept("/"));
    assert!(!session.accept("/"));
}

#[test]
fn there_is_a_bound_on_namespaces() {
    let (mut session, config) = connected(&["/", "/a", "/b"]);
    assert_eq!(session.text("0/c,", &config), Ok(Incoming::TooMany { namespace: "/c".into() }));
    assert!(session.end("/a"));
    assert!(matches!(session.text("0/c,", &config), Ok(Incoming::Connect { .. })));
}

#[test]
fn a_client_that_comes_back_says_where_it_was() {
    let (mut session, config) = (Session::new(&SessionConfig::default(), 0), SessionConfig::default());
    let text = r#"0{"token":"x","pid":"p1","offset":"o9"}"#;
    let Ok(Incoming::Connect { auth: Some(auth), .. }) = session.text(text, &config) else { panic!("a connect") };
    assert_eq!(Recovery::of(&auth, 2), Some(Recovery { pid: "p1".into(), offset: "o9".into() }));
    assert_eq!(Recovery::of(&auth, 1), None);
}

#[test]
fn the_parser_is_known_by_the_first_message() {
    let config = SessionConfig::default();
    let mut session = Session::new(&config, 0);
    let connect = b"\x82\xa4type\x00\xa3nsp\xa1/";
    assert!(matches!(session.binary(connect, &config), Ok(Incoming::Connect { .. })));
    assert_eq!(session.parser(), Parser::MessagePack);
    assert_eq!(session.text("0", &config), Err(Violation::Packet(PacketError::Malformed)));
}
