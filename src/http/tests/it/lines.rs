//! What is logged while a request is carried out names the request.

use crate::fixture::ask;
use actix_web::http::Method;
use actix_web::test::TestRequest;
use plenum_http::HttpConfig;
use std::cell::RefCell;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

thread_local! {
    /// The spans that are entered on this thread.
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Keeps each line with the spans around it.
#[derive(Clone, Default)]
struct Lines {
    spans: Arc<Mutex<Vec<String>>>,
    lines: Arc<Mutex<Vec<String>>>,
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!(" {}={value:?}", field.name());
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() || metadata.level() == &tracing::Level::ERROR
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = Text(span.metadata().name().to_owned());
        span.record(&mut text);
        let mut spans = self.spans.lock().expect("a lock");
        spans.push(text.0);
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let spans = self.spans.lock().expect("a lock");
        let around = ENTERED.with_borrow(|entered| {
            entered
                .iter()
                .map(|id| spans[usize::try_from(*id).expect("a small number") - 1].clone())
                .collect::<Vec<_>>()
                .join(" > ")
        });
        self.lines.lock().expect("a lock").push(format!("{around}:{}", text.0));
    }

    fn enter(&self, id: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(id.into_u64()));
    }

    fn exit(&self, _: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.pop());
    }
}

#[actix_web::test]
async fn a_line_of_a_handler_names_the_request_whether_it_reads_or_changes() {
    for method in [Method::GET, Method::POST] {
        let lines = Lines::default();
        let _kept = tracing::subscriber::set_default(lines.clone());
        let request = TestRequest::default().method(method.clone()).uri("/grumble");
        let seen = ask(HttpConfig::default(), request.insert_header(("X-Request-Id", "trace-0001"))).await;
        assert_eq!(seen.status, 204, "{method}");
        let lines = lines.lines.lock().expect("a lock");
        let line = lines.iter().find(|line| line.contains("something is wrong")).expect("the line");
        assert!(line.contains("request=\"trace-0001\""), "{method}: {line}");
    }
}

#[actix_web::test]
async fn the_line_of_an_internal_refusal_names_the_request() {
    let lines = Lines::default();
    let _kept = tracing::subscriber::set_default(lines.clone());
    let request = TestRequest::get().uri("/bug").insert_header(("X-Request-Id", "trace-0002"));
    let seen = ask(HttpConfig::default(), request).await;
    assert_eq!((seen.status, seen.problem().as_str()), (500, "internal"));
    let lines = lines.lines.lock().expect("a lock");
    let named = |line: &&String| line.contains("refused as internal") && line.contains("request=\"trace-0002\"");
    assert!(lines.iter().any(|line| named(&line)), "{lines:?}");
}
