//! Paths that existing clients call.

use std::collections::BTreeSet;

/// Method and path of what is promised so far, `:name` for a parameter.
const PROMISED: &[(&str, &str)] = &[
    ("POST", "/auth/register"),
    ("POST", "/auth/signup"),
    ("POST", "/auth/login"),
    ("GET", "/auth/me"),
    ("GET", "/auth/profile"),
    ("GET", "/users/me"),
    ("PUT", "/auth/update-profile"),
    ("PUT", "/users/me"),
    ("PUT", "/user/profile"),
    ("PATCH", "/users/profile"),
    ("PUT", "/auth/change-password"),
    ("POST", "/auth/refresh"),
    ("POST", "/auth/refresh-token"),
    ("POST", "/auth/logout"),
    ("GET", "/auth/devices"),
    ("DELETE", "/auth/devices/:id"),
    ("GET", "/users/lookup"),
    ("POST", "/users/:id/block"),
    ("DELETE", "/users/:id/block"),
    ("GET", "/messages/conversations"),
    ("GET", "/chat/conversations"),
    ("POST", "/conversations"),
    ("GET", "/conversations/:id"),
    ("PUT", "/conversations/:id"),
    ("POST", "/conversations/:id/members"),
    ("DELETE", "/conversations/:id/members/:userId"),
    ("GET", "/conversations/:id/messages"),
    ("GET", "/conversations/:id/readers"),
    ("POST", "/conversations/:id/read"),
    ("GET", "/messages/direct/:userId"),
    ("GET", "/messages/room/:roomId"),
    ("PUT", "/conversations/:id/messages/:offset"),
    ("DELETE", "/conversations/:id/messages/:offset"),
    ("POST", "/conversations/:id/messages/:offset/reactions"),
    ("DELETE", "/conversations/:id/messages/:offset/reactions"),
    ("GET", "/rooms"),
    ("GET", "/rooms/:id"),
    ("POST", "/rooms"),
    ("PUT", "/rooms/:id"),
    ("DELETE", "/rooms/:id"),
    ("POST", "/rooms/:id/join"),
    ("POST", "/rooms/:id/leave"),
    ("GET", "/rooms/:id/members"),
    ("POST", "/conversations/:id/mute"),
    ("DELETE", "/conversations/:id/mute"),
    ("POST", "/conversations/:id/archive"),
    ("DELETE", "/conversations/:id/archive"),
    ("POST", "/chat/message"),
    ("GET", "/conference"),
    ("GET", "/conference/:id"),
    ("GET", "/conference/:id/qr"),
    ("GET", "/conference/code/:code"),
    ("POST", "/conference"),
    ("PUT", "/conference/:id"),
    ("POST", "/conference/:id/start"),
    ("POST", "/conference/:id/end"),
    ("POST", "/conference/:id/join"),
    ("GET", "/conference/:id/questions"),
    ("POST", "/conference/:id/questions"),
    ("PUT", "/conference/:id/questions/:questionId"),
    ("DELETE", "/conference/:id/questions/:questionId"),
    ("PUT", "/conference/:id/questions/order"),
    ("POST", "/conference/:id/questions/:questionId/live"),
    ("POST", "/conference/:id/questions/:questionId/close"),
    ("POST", "/conference/:id/questions/:questionId/vote"),
    ("GET", "/conference/:id/questions/:questionId/results"),
    ("GET", "/conference/:id/questions/results"),
    ("GET", "/conference/:id/report"),
    ("POST", "/conference/:id/speakers"),
    ("GET", "/conference/:id/qa"),
    ("POST", "/conference/:id/qa"),
    ("POST", "/conference/:id/qa/:itemId/upvote"),
    ("PUT", "/conference/:id/qa/:itemId"),
    ("POST", "/auth/send-otp-signup"),
    ("POST", "/auth/verify-otp-signup"),
    ("POST", "/auth/send-phone-otp-signup"),
    ("POST", "/auth/verify-phone-otp-signup"),
    ("POST", "/auth/phone/send-otp"),
    ("POST", "/auth/phone/verify"),
    ("POST", "/auth/send-code"),
    ("POST", "/auth/verify-code"),
    ("POST", "/send-otp"),
    ("POST", "/verify-otp"),
    ("POST", "/user/phone/send-otp"),
    ("POST", "/user/phone/verify-otp"),
    ("GET", "/urls"),
    ("POST", "/urls/update"),
    ("GET", "/brands"),
    ("POST", "/brands"),
    ("GET", "/brands/:id"),
    ("PUT", "/brands/:id"),
    ("DELETE", "/brands/:id"),
    ("GET", "/domains"),
    ("POST", "/domains"),
    ("GET", "/domains/:id"),
    ("PUT", "/domains/:id"),
    ("DELETE", "/domains/:id"),
    ("GET", "/domains/:id/history"),
    ("GET", "/domains/:id/uptime"),
    ("GET", "/health"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
];

#[test]
fn every_promised_path_is_served() {
    let served: BTreeSet<(String, &str)> =
        plenum_rest::listed().into_iter().map(|one| (one.path, one.method)).collect();
    for (method, path) in PROMISED {
        let path: Vec<String> = path
            .split('/')
            .map(|part| part.strip_prefix(':').map_or(part.to_owned(), |name| format!("{{{name}}}")))
            .collect();
        assert!(served.contains(&(path.join("/"), *method)), "{method} {path:?}");
    }
}

#[test]
fn no_method_and_path_is_listed_twice() {
    let listed = plenum_rest::listed();
    let different: BTreeSet<(&str, &str)> = listed.iter().map(|one| (one.path.as_str(), one.method)).collect();
    assert_eq!(different.len(), listed.len());
}
