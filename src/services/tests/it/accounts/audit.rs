use super::*;
use plenum_services::accounts::Logout;
use std::io::Write;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn security_events_name_user_and_session_and_never_a_secret_or_an_address_of_a_person() {
    let lines = Lines::default();
    // With one dispatcher alive, tracing asks only the thread that first reaches an event, which may be another test's
    // that has none, and switches the event off for all. With two it asks both.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(lines.clone());
    let guard = tracing::subscriber::set_default(subscriber.with_ansi(false).finish());
    let world = World::new();
    let first = world.register("ada@example.org").await.unwrap();
    let evil = Login { address: from("10.1.2.3"), ..login("ada@example.org", "a wrong password") };
    for _ in 0..11 {
        world.accounts.login(evil.clone()).await.unwrap_err();
    }
    let second = world.accounts.refresh(&first.refresh_token).await.unwrap();
    world.later(11);
    world.accounts.refresh(&first.refresh_token).await.unwrap_err();
    let third = world.login("ada@example.org", PASSWORD).await.unwrap();
    world.accounts.logout(world.identity(&third).await, Logout::This).await.unwrap();
    world.identify(third.access_token.expose()).await.unwrap_err();
    world.identify("rubbish").await.unwrap_err();
    drop(guard);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let (user, session) = (format!("user={}", first.profile.id), format!("session={}", first.session));
    let has = |parts: &[&str]| {
        text.lines().any(|line| line.contains("security") && parts.iter().all(|part| line.contains(part)))
    };
    for parts in [
        &["event=\"register\"", "outcome=\"ok\"", user.as_str()][..],
        &["event=\"login\"", "outcome=\"denied\"", "unauthenticated", &user, "address=10.1.2.3"],
        &["event=\"login\"", "outcome=\"denied\"", "rateLimited"],
        &["event=\"login\"", "outcome=\"ok\"", &user],
        &["event=\"refresh_reuse\"", &user, &session],
        &["event=\"logout\"", &user],
        &["event=\"token_of_ended_session\"", &user],
        &["event=\"token\"", "outcome=\"denied\""],
    ] {
        assert!(has(parts), "{parts:?} in\n{text}");
    }
    let secrets = [&first, &second, &third].map(|one| [one.access_token.expose(), one.refresh_token.expose()]);
    for secret in secrets.iter().flatten().chain(&["ada@example.org", PASSWORD, "a wrong password", "rubbish"]) {
        assert!(!text.contains(*secret), "{secret}");
    }
}
