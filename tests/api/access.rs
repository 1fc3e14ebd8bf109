//! Every route, every role, and every token that opens nothing.

use crate::client::{Making, Running};
use placer::api::auth::mint;
use placer::api::{Access, Server, Settings, StartError, routes};
use placer::store::{Role, Store, TokenRow};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed()
}

/// A path of which nothing is there, so that nothing changes for the next one.
fn concrete(path: &str) -> String {
    path.replace("{digest}", &"a".repeat(64)).replace("{name}", "nothing-here").replace("{run}", "nothing-here-1")
}

/// Who asks: the header, and the role that it opens, if any.
fn callers(server: &Running) -> Vec<(&'static str, Option<String>, Option<Role>)> {
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    let good = |role| bearer(&server.token(role, |row| row));
    let expired = server.token(Role::Admin, |row| TokenRow { expires_at: Some(now() - 1), ..row });
    let revoked = server.token(Role::Admin, |row| TokenRow { revoked_at: Some(now() - 1), ..row });
    let (unknown, _) = mint(Role::Admin, "", 0, None).unwrap();
    let known = good(Role::Admin).unwrap();
    let cut = known[..known.len() - 1].to_owned();
    vec![
        ("no token", None, None),
        ("an empty header", Some(String::new()), None),
        ("another scheme", Some(format!("Basic {}", known.trim_start_matches("Bearer "))), None),
        ("an unknown token", bearer(&unknown), None),
        ("a token less its last character", Some(cut), None),
        ("an expired token", bearer(&expired), None),
        ("a revoked token", bearer(&revoked), None),
        ("a viewer", good(Role::Viewer), Some(Role::Viewer)),
        ("an operator", good(Role::Operator), Some(Role::Operator)),
        ("an admin", good(Role::Admin), Some(Role::Admin)),
    ]
}

#[test]
fn every_route_asks_for_its_role() {
    let server = Running::start();
    let callers = callers(&server);
    let document = server.get("/openapi.json").is(200).json();
    let mut asked = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let (method, needed) = (method.to_uppercase(), operation["x-placer-role"].as_str());
            // What the document says is what the table says.
            let route =
                routes().into_iter().find(|route| route.path == path && route.method.as_str() == method).unwrap();
            let role = needed.map(|word| Role::parse(word).unwrap());
            assert_eq!(route.access, role.map_or(Access::Open, Access::Needs), "{method} {path}");
            assert_eq!(role.is_some(), operation["security"] != Value::Array(vec![]), "{method} {path}");
            for (who, header, has) in &callers {
                let headers: Vec<(&str, &str)> = header.iter().map(|value| ("authorization", value.as_str())).collect();
                let body = (method != "GET").then_some(("application/json", &b"7"[..]));
                let answer = server.send_with(&method, &concrete(path), &headers, body);
                let told = format!("{method} {path} by {who}: {} {}", answer.status, answer.text());
                match (role, has) {
                    (Some(_), None) => {
                        assert_eq!(answer.status, 401, "{told}");
                        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{told}");
                    }
                    (Some(role), Some(has)) if *has < role => assert_eq!(answer.status, 403, "{told}"),
                    _ => assert!(![401, 403].contains(&answer.status) && answer.status < 500, "{told}"),
                }
                asked += 1;
            }
        }
    }
    assert_eq!(asked, routes().len() * callers.len(), "the document has every route");
    assert_eq!(server.store().apps().unwrap(), [], "nobody has changed anything");
}

#[test]
fn refusals_tell_no_more_than_they_must() {
    let server = Running::start();
    let told: Vec<String> = callers(&server)
        .into_iter()
        .filter(|(_, header, has)| header.is_some() && has.is_none())
        .map(|(_, header, _)| {
            server.send_with("GET", "/v1/apps", &[("authorization", header.as_deref().unwrap())], None).json()["detail"]
                .to_string()
        })
        .collect();
    // Unknown, cut, expired and revoked tokens are told alike.
    assert!(told[2..].windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
}

#[test]
fn a_token_that_is_taken_back_opens_nothing_from_then_on() {
    let server = Running::start();
    let (token, row) = mint(Role::Viewer, "", 0, None).unwrap();
    server.get("/v1/apps").is(200);
    server.store().put_token(&row).unwrap();
    server.get("/v1/apps").is(401);
    let header = format!("Bearer {token}");
    let ask = || server.send_with("GET", "/v1/apps", &[("authorization", &header)], None).status;
    assert_eq!(ask(), 200);
    assert!(server.store().revoke_token(&row.id, now()).unwrap());
    assert_eq!(ask(), 401);
    // Nobody comes in without one because the last one is gone.
    server.get("/v1/apps").is(401);
}

#[test]
fn without_tokens_only_this_machine_and_no_other_site_comes_in() {
    let server = Running::start();
    let who = server.get("/v1/whoami").is(200).json();
    assert_eq!((&who["open"], &who["role"]), (&Value::Bool(true), &Value::from("admin")));
    for (host, status) in [("localhost:1", 200), ("evil.example", 421), ("127.0.0.1.evil.example", 421)] {
        assert_eq!(server.send_with("GET", "/v1/apps", &[("host", host)], None).status, status, "{host}");
        assert_eq!(server.send_with("GET", "/", &[("host", host)], None).status, status, "{host}");
    }
    let put = |headers: &[(&str, &str)]| {
        server.send_with("PUT", "/v1/apps/x", headers, Some(("application/toml", b"version = 1"))).status
    };
    let own = format!("http://{}", server.address);
    assert_eq!(put(&[("origin", &own)]), 422);
    for headers in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", &own)],
    ] {
        assert_eq!(put(headers), 403, "{headers:?}");
    }
}

#[test]
fn a_server_that_others_reach_needs_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let settings = || Settings { listen: SocketAddr::from(([0, 0, 0, 0], 0)), ..Settings::of(folder.path().into()) };
    assert!(matches!(Server::open(settings()), Err(StartError::Exposed { .. })));
    let store = Store::open(folder.path()).unwrap();
    let (_, row) = mint(Role::Admin, "", 0, None).unwrap();
    store.put_token(&TokenRow { expires_at: Some(1), ..row.clone() }).unwrap();
    assert!(matches!(Server::open(settings()), Err(StartError::Exposed { .. })), "one that has expired does not count");
    let (_, good) = mint(Role::Viewer, "", 0, None).unwrap();
    store.put_token(&good).unwrap();
    assert!(Server::open(settings()).is_ok());
}

#[test]
fn on_a_public_address_a_store_without_tokens_is_not_open() {
    let making = Making {
        change: |settings| Settings { listen: SocketAddr::from(([0, 0, 0, 0], 0)), ..settings },
        ..Making::default()
    };
    let folder = making.folder.path().join("store");
    Store::open(&folder).unwrap().put_token(&mint(Role::Admin, "", 0, None).unwrap().1).unwrap();
    let server = Running::make(making);
    server.get("/v1/apps").is(401);
    // Somebody takes every token out of the store while the server runs.
    let tokens = rusqlite::Connection::open(folder.join("placer.db")).unwrap();
    assert_eq!(tokens.execute("DELETE FROM tokens", []).unwrap(), 1);
    server.get("/v1/apps").is(401);
    server.get("/healthz").is(200);
}
