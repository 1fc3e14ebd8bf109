//! What is read: applications, recommendations, offers, pages; and bad input on every route.

use crate::client::Running;
use crate::small_book::SHOP;
use placer::api::routes;
use serde_json::{Value, json};
use std::thread;

#[test]
fn an_application_is_given_shown_recommended_and_taken_away() {
    let server = Running::start();
    assert_eq!(server.get("/v1/apps").json(), json!({ "items": [] }));
    let made = server.put_app("shop", SHOP).is(201);
    assert_eq!(made.header("location"), "/v1/apps/shop");
    assert_eq!(server.put_app("shop", SHOP).is(200).json()["name"], "shop");
    assert_eq!(server.get("/v1/apps/shop/app.toml").is(200).text(), SHOP);
    // As a JSON string as well, and with a policy, which a newer file keeps.
    let text = serde_json::to_vec(SHOP).unwrap();
    let put = server.send("PUT", "/v1/apps/shop?policy=balanced", Some(("application/json", &text))).is(200);
    assert_eq!(put.json()["policy"], "balanced");
    assert_eq!(server.put_app("shop", SHOP).is(200).json()["policy"], "balanced");
    let report = server.get("/v1/apps/shop/recommendation").is(200);
    assert_eq!((&report.json()["status"], &report.json()["app"]), (&Value::from("optimal"), &Value::from("shop")));
    server.send("DELETE", "/v1/apps/shop", None).is(204);
    server.get("/v1/apps/shop").is(404);
    server.send("DELETE", "/v1/apps/shop", None).is(404);
}

#[test]
fn a_recommendation_is_named_by_what_it_depends_on() {
    let server = Running::start();
    server.put_app("shop", SHOP).is(201);
    let path = "/v1/apps/shop/recommendation";
    let first = server.get(path).is(200);
    let tag = first.header("etag").to_owned();
    assert!(tag.len() > 30 && tag.starts_with('"'), "{tag}");
    let again = server.send_with("GET", path, &[("if-none-match", &tag)], None);
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, tag.as_str()));
    assert_eq!(server.get(path).body, first.body, "the same text again");
    // Another policy, another file: another answer under another name.
    let other = server.get(&format!("{path}?policy=conservative")).is(200);
    assert_ne!(other.header("etag"), tag);
    server.put_app("shop", &SHOP.replace("typical = 2", "typical = 3")).is(200);
    let changed = server.send_with("GET", path, &[("if-none-match", &tag)], None).is(200);
    assert_ne!(changed.header("etag"), tag);
    assert_ne!(changed.json()["total_usd_month"], first.json()["total_usd_month"]);
    let told = server.get(&format!("{path}?policy=balancd")).is(404).json();
    assert!(told["detail"].as_str().unwrap().contains("did you mean `balanced`?"), "{told}");
}

#[test]
fn many_who_ask_at_once_wait_for_one_solve() {
    let server = Running::start();
    server.put_app("shop", SHOP).is(201);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| server.get("/v1/apps/shop/recommendation").is(200));
        }
    });
    let metrics = server.get("/metrics").is(200).text();
    assert!(metrics.contains("placer_solve_seconds_count 1\n"), "{metrics}");
}

#[test]
fn every_fault_of_a_file_is_told_with_its_place() {
    let server = Running::start();
    let bad = SHOP.replace("cpu = 2", "cpu = \"two\"").replace("kind = \"postgres\"", "kind = \"postgre\"");
    let problem = server.put_app("shop", &bad).is(422);
    assert_eq!(problem.header("content-type"), "application/problem+json");
    let errors = problem.json()["errors"].as_array().unwrap().clone();
    assert!(errors.len() >= 3, "all faults at once: {errors:?}");
    let kind = errors.iter().find(|error| error["pointer"] == "#/component/1/kind").expect("the kind's fault");
    assert_eq!((&kind["line"], &kind["nearest"]), (&json!(21), &json!("postgres")));
    let named = server.put_app("other", SHOP).is(422).json();
    assert_eq!(named["errors"][0]["pointer"], "#/name");
    server.get("/v1/apps/shop").is(404);
}

#[test]
fn what_cannot_be_placed_is_an_answer_and_not_a_fault() {
    let server = Running::start();
    server.put_app("shop", &SHOP.replace("p95_ms = 120", "p95_ms = 0.5")).is(201);
    let report = server.get("/v1/apps/shop/recommendation").is(200).json();
    assert_eq!(report["status"], "infeasible");
    assert!(!report["conflict"]["requirements"].as_array().unwrap().is_empty());
    server.post("/v1/plans", &json!({ "app": "shop" })).is(409);
    let spend = server.get("/v1/spend").is(200).json();
    assert_eq!(spend["items"][0]["recommended_usd_month"], Value::Null);
}

#[test]
fn offers_are_filtered_and_paged() {
    let server = Running::start();
    let mut all = Vec::new();
    let mut path = "/v1/offers?provider=grand&limit=7".to_owned();
    loop {
        let page = server.get(&path).is(200).json();
        all.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/offers?provider=grand&limit=7&after={next}");
    }
    let whole = server.get("/v1/offers?provider=grand&limit=500").is(200).json();
    assert_eq!(Value::Array(all), whole["items"]);
    assert!(whole["items"].as_array().unwrap().iter().all(|row| row["provider"] == "grand"));
    let kinds = server.get("/v1/offers?kind=postgres&region=second:par").is(200).json();
    assert_eq!(kinds["items"].as_array().unwrap().len(), 1);
    for unknown in ["provider=grnd", "region=par1", "kind=postgre"] {
        let told = server.get(&format!("/v1/offers?{unknown}")).is(404).json();
        assert!(told["detail"].as_str().unwrap().contains("did you mean"), "{told}");
    }
    server.get("/v1/offers?after=0000000000000000~5").is(409);
    let tag = server.get("/v1/offers?limit=1").header("etag").to_owned();
    server.send_with("GET", "/v1/offers?limit=1", &[("if-none-match", &tag)], None).is(304);
    server.send_with("GET", "/v1/offers?limit=2", &[("if-none-match", &tag)], None).is(200);
}

#[test]
fn the_book_is_told() {
    let server = Running::start();
    let book = server.get("/v1/price-book").is(200).json();
    assert_eq!(book["providers"].as_array().unwrap().len(), 3);
    assert_eq!(server.get("/v1/regions?provider=grand").is(200).json()["items"].as_array().unwrap().len(), 2);
    let way = server.get("/v1/latency?a=grand:eu-1&b=Sydney").is(200).json();
    assert!(way["p50_ms"].as_f64().unwrap() > 100.0, "{way}");
    server.get("/v1/latency?a=grand:eu-1&b=Nowhereville").is(404);
    assert_eq!(server.get("/v1/price-history?offer=g1.large").is(200).json(), json!({ "items": [] }));
}

#[test]
fn policies_are_given_used_and_forgotten() {
    let server = Running::start();
    let text = server.get("/v1/policies/balanced").is(200).text();
    let put = |name: &str, text: &str| {
        server.send("PUT", &format!("/v1/policies/{name}"), Some(("text/toml", text.as_bytes())))
    };
    put("balanced", &text).is(409);
    put("ours", &text).is(201);
    put("ours", &text).is(200);
    let faults = put("ours", "version = 1\nname = 3\nsaving = 2\n").is(422).json();
    assert!(faults["errors"].as_array().unwrap().len() >= 2, "{faults}");
    assert_eq!(server.get("/v1/policies").json()["items"].as_array().unwrap().len(), 4);
    server.send("PUT", "/v1/apps/shop?policy=ours", Some(("application/toml", SHOP.as_bytes()))).is(201);
    server.get("/v1/apps/shop/recommendation").is(200);
    let used = server.send("DELETE", "/v1/policies/ours", None).is(409).json();
    assert!(used["detail"].as_str().unwrap().contains("`shop`"), "{used}");
    server.send("DELETE", "/v1/apps/shop", None).is(204);
    server.send("DELETE", "/v1/policies/ours", None).is(204);
    server.send("DELETE", "/v1/policies/ours", None).is(404);
    server.send("DELETE", "/v1/policies/balanced", None).is(409);
}

#[test]
fn ticks_are_kept_for_the_market_and_shown_as_history() {
    let server = Running::start();
    let ask = |usd: Value| json!({ "region": "eu-1", "offer": "g1.large", "purchase": "on_demand", "usd_hour": usd });
    let batch = json!({ "source": "feed", "ticks": [
        { "at": 1_795_780_800, "provider": "grand", "ask": ask(json!("0.09")) },
        { "at": 1_795_780_860, "provider": "grand", "ask": ask(Value::Null) },
        { "at": 1_795_780_870.0, "provider": "grand" },
        { "at": 1_795_780_880, "provider": "nobody" },
        { "at": 1_795_780_880, "provider": "grand", "ask": { "region": "eu-1", "offer": "x9", "purchase": "spot", "usd_hour": "1" } },
    ]});
    let taken = server.post("/v1/ticks", &batch).is(200).json();
    assert_eq!(taken["kept"], 3);
    assert_eq!(taken["unknown"].as_array().unwrap().iter().map(|row| &row["index"]).collect::<Vec<_>>(), [3, 4]);
    let kept = server.store().ticks(0, 10).unwrap();
    assert_eq!(kept.len(), 3);
    assert!(kept.iter().all(|(_, text)| placer::market::file::read(text.as_bytes()).is_ok()), "{kept:?}");
    let history = server.get("/v1/price-history?offer=g1.large&region=grand:eu-1").is(200).json();
    let prices: Vec<&Value> = history["items"].as_array().unwrap().iter().map(|row| &row["usd"]).collect();
    assert_eq!(prices, [&json!("0.09"), &Value::Null]);
    let bad = json!({ "source": "feed", "ticks": [
        { "at": -1, "provider": "grand" },
        { "at": 1, "provider": "grand", "ask": ask(json!("cheap")) },
    ]});
    let told = server.post("/v1/ticks", &bad).is(422).json();
    let at: Vec<&str> =
        told["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(at, ["#/ticks/0/at", "#/ticks/1/ask/usd_hour"]);
    assert_eq!(server.store().ticks(0, 10).unwrap().len(), 3, "nothing of a bad batch is kept");
}

#[test]
fn pictures_are_drawn() {
    let server = Running::start();
    server.put_app("shop", SHOP).is(201);
    for path in ["spend", "bill/shop", "map/shop", "clearings", "price-history?offer=g1.large"] {
        for theme in ["light", "dark"] {
            let sign = if path.contains('?') { '&' } else { '?' };
            let picture = server.get(&format!("/v1/charts/{path}{sign}theme={theme}")).is(200).text();
            assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"), "{path}: {picture}");
        }
    }
    let map = server.get("/v1/charts/map/shop").text();
    assert!(map.contains("web") && map.contains("germany"), "{map}");
    server.get("/v1/charts/map/nobody").is(404);
    server.get("/v1/charts/spend?theme=pink").is(400);
}

#[test]
fn bad_input_is_refused_on_every_route() {
    let server = Running::start();
    server.put_app("shop", SHOP).is(201);
    for route in routes() {
        let (method, path) =
            (route.method.as_str(), route.path.replace("{digest}", &"a".repeat(64)).replace("{name}", "shop"));
        let path = path.replace("{run}", "shop-1");
        let body = |media, bytes| server.send(method, &path, Some((media, bytes)));
        if route.takes_body {
            for (media, bytes, statuses) in [
                ("", &b"{}"[..], &[415][..]),
                ("text/html", b"<p>", &[415]),
                ("application/x-www-form-urlencoded", b"a=b", &[415]),
                ("application/json", b"", &[400]),
                ("application/json", b"{", &[400, 422]),
                ("application/json", b"\xff\xfe", &[400, 422]),
                ("application/json", b"{} {}", &[400, 422]),
                ("application/json", b"[]", &[422]),
                ("application/json", b"null", &[422]),
                ("application/json", b"{\"nobody\": 1}", &[422]),
            ] {
                let answer = body(media, bytes);
                assert!(
                    statuses.contains(&answer.status),
                    "{method} {path} {media} {bytes:?}: {} {}",
                    answer.status,
                    answer.text()
                );
            }
            let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
            assert!([400, 422].contains(&body("application/json", deep.as_bytes()).status), "{method} {path}");
            assert_eq!(body("application/json", &vec![b' '; 5 << 20]).status, 413, "{method} {path}");
        }
        if route.takes_words && method == "GET" {
            let query = |query: &str| server.get(&format!("{path}?{query}")).status;
            for bad in ["nobody=1", "limit=0", "limit=abc", "limit=1&limit=2", "after=%ff", "app=%00", "theme=1"] {
                let status = query(bad);
                let known = path.contains('{') || status == 400 || status == 404;
                assert!(known && status < 500, "GET {path}?{bad}: {status}");
            }
        }
        for odd in ["%00", "%ff", "..", "%2e%2e%2fx", "<script>", &"x".repeat(3000)] {
            if route.path.contains('{') {
                let odd = route
                    .path
                    .replace("{digest}", odd)
                    .replace("{name}", odd)
                    .replace("{run}", odd)
                    .replace('<', "%3c")
                    .replace('>', "%3e");
                let answer = server.send(method, &odd, route.takes_body.then_some(("application/json", &b"{}"[..])));
                assert!((400..500).contains(&answer.status), "{method} {odd}: {} {}", answer.status, answer.text());
                assert!(!answer.text().contains("<script>"), "{}", answer.text());
            }
        }
    }
}

#[test]
fn methods_and_paths_that_are_not_there_are_problems_too() {
    let server = Running::start();
    let wrong = server.send("PATCH", "/v1/apps", Some(("application/json", b"{}"))).is(405);
    assert_eq!((wrong.header("allow"), wrong.header("content-type")), ("GET,HEAD", "application/problem+json"));
    assert_eq!(server.get("/v1/nothing").is(404).json()["type"], "urn:placer:problem:not-found");
    assert_eq!(server.send("HEAD", "/v1/apps", None).is(200).body.len(), 0);
}

#[test]
fn the_page_and_its_files_load_nothing_from_elsewhere() {
    let server = Running::start();
    let page = server.get("/").is(200);
    let policy = page.header("content-security-policy").to_owned();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("script-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(page.header("x-frame-options"), "DENY");
    let text = page.text();
    for part in text.split("\"/assets/").skip(1) {
        let path = format!("/assets/{}", part.split('"').next().unwrap());
        let file = server.get(&path).is(200);
        let namespaces = file.text().replace("http://www.w3.org/", "");
        assert!(!namespaces.contains("http://") && !namespaces.contains("https://"), "{path}");
        assert!(!file.text().contains("innerHTML"), "{path}: words must not become markup");
        server.send_with("GET", &path, &[("if-none-match", file.header("etag"))], None).is(304);
    }
    for inline in ["://", "<style", "style=", "<script>", "onclick", "onload", "onerror"] {
        assert!(!text.contains(inline), "{inline}");
    }
}
