//! Plans made, decided about and carried out; runs followed, taken back, ended, and gone on with after the server has ended.

use crate::client::{Gate, Making, Running, until};
use crate::model_executor::Trouble;
use crate::small_book::SHOP;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A plan for the application as it is; its digest.
fn plan(server: &Running, app: &str) -> String {
    let made = server.post("/v1/plans", &json!({ "app": app })).is(201).json();
    assert_eq!(made["state"], "waiting");
    made["digest"].as_str().unwrap().to_owned()
}

fn run_in(server: &Running, run: &str, state: &str) -> Value {
    until(&format!("{run} being {state}"), || {
        let shown = server.get(&format!("/v1/runs/{run}")).is(200).json();
        (shown["state"] == state).then_some(shown)
    })
}

fn approve(server: &Running, digest: &str) -> String {
    let begun = server.send("POST", &format!("/v1/plans/{digest}/approve"), None).is(202).json();
    begun["run"].as_str().unwrap_or_else(|| panic!("{begun}")).to_owned()
}

/// The shop, put somewhere: the provider of its database.
fn placed(server: &Running) -> String {
    server.put_app("shop", SHOP).is(201);
    let run = approve(server, &plan(server, "shop"));
    run_in(server, &run, "finished");
    let app = server.get("/v1/apps/shop").is(200).json();
    let seats = app["deployment"]["seats"].as_array().unwrap();
    seats.iter().find(|seat| seat["component"] == "db").unwrap()["provider"].as_str().unwrap().to_owned()
}

/// The shop where a provider is no longer wanted.
fn without(provider: &str) -> String {
    SHOP.replacen(
        "[[audience]]",
        &format!("[constraints]\nproviders = {{ deny = [\"{provider}\"] }}\n\n[[audience]]"),
        1,
    )
}

#[test]
fn a_plan_is_made_approved_and_carried_out() {
    let server = Running::start();
    server.put_app("shop", SHOP).is(201);
    let digest = plan(&server, "shop");
    // The same again is the same plan.
    assert_eq!(server.post("/v1/plans", &json!({ "app": "shop" })).is(200).json()["digest"], digest);
    let waiting = server.get("/v1/plans?state=waiting&app=shop").is(200).json();
    assert_eq!(waiting["items"][0]["digest"], digest);
    assert!(waiting["items"][0]["steps"].as_u64().unwrap() > 0);
    assert_eq!(server.get(&format!("/v1/plans/{digest}")).is(200).json()["plan"]["digest"], digest);
    let run = approve(&server, &digest);
    assert_eq!(run, "shop-1");
    let shown = run_in(&server, &run, "finished");
    assert!(shown["steps"].as_array().unwrap().iter().all(|step| step["state"] == "done"), "{shown}");
    assert_eq!(shown["journal"].as_array().unwrap().last().unwrap()["event"], "finished");
    assert_eq!(server.get("/v1/plans?state=waiting").is(200).json()["items"], json!([]));
    let plans = server.get("/v1/plans?state=applied").is(200).json();
    assert_eq!((&plans["items"][0]["digest"], &plans["items"][0]["decided_by"]), (&json!(digest), &json!("loopback")));
    let app = server.get("/v1/apps/shop").is(200).json();
    assert_eq!((&app["deployment"]["run"], &app["deployment"]["executor"]), (&json!("shop-1"), &json!("model")));
    assert_eq!(server.get("/v1/ledger").is(200).json()["items"], json!([]), "what comes saves nothing");
    assert_eq!(server.world.lock().unwrap().sides.len(), 2, "both components are there");
    // It is where it is best: staying needs no plan.
    let stay = server.post("/v1/plans", &json!({ "app": "shop" })).is(201).json();
    assert_eq!(stay["steps"], 0);
    server.send("POST", &format!("/v1/plans/{}/approve", stay["digest"].as_str().unwrap()), None).is(409);
    // What is somewhere is not forgotten, and what was applied is not decided about again.
    server.send("DELETE", "/v1/apps/shop", None).is(409);
    server.send("POST", &format!("/v1/plans/{digest}/reject"), None).is(409);
}

#[test]
fn a_move_is_kept_for_its_window_and_rolled_back() {
    let server = Running::start();
    let before = placed(&server);
    let world = server.world.lock().unwrap().clone();
    server.put_app("shop", &without(&before)).is(200);
    let run = approve(&server, &plan(&server, "shop"));
    let kept = run_in(&server, &run, "keeping");
    assert!(kept["kept_until"].is_string() && kept["can_roll_back"] == true, "{kept}");
    assert!(server.world.lock().unwrap().sides.len() > 2, "both sides are there");
    let begun = server.send("POST", &format!("/v1/runs/{run}/rollback"), None).is(202).json();
    assert_eq!(begun["id"], run);
    let back = run_in(&server, &run, "rolled_back");
    assert!(back["back"].as_str().unwrap().contains("loopback"), "{back}");
    assert_eq!(*server.world.lock().unwrap(), world, "everything is as before");
    let after = server.get("/v1/apps/shop").json();
    assert!(after["deployment"]["seats"].as_array().unwrap().iter().any(|seat| seat["provider"] == before.as_str()));
}

#[test]
fn the_window_is_ended_early_when_asked_for() {
    let server = Running::start();
    let before = placed(&server);
    server.put_app("shop", &without(&before)).is(200);
    let run = approve(&server, &plan(&server, "shop"));
    run_in(&server, &run, "keeping");
    server.post(&format!("/v1/runs/{run}/resume"), &json!({ "finish": true })).is(202);
    run_in(&server, &run, "finished");
    assert_eq!(server.world.lock().unwrap().sides.len(), 2, "the old sides are gone");
    let ledger = server.get("/v1/ledger").is(200).json();
    assert_eq!((&ledger["items"][0]["run"], &ledger["items"][0]["until"]), (&json!(run), &Value::Null));
    let late = server.send("POST", &format!("/v1/runs/{run}/rollback"), None).is(409).json();
    assert!(late["detail"].as_str().unwrap().contains("old sides are gone"), "{late}");
    let listed = server.get("/v1/runs?state=finished&app=shop&limit=1").is(200).json();
    assert_eq!(listed["items"][0]["id"], run);
    let next = listed["next"].as_str().expect("there is another one").to_owned();
    assert_eq!(server.get(&format!("/v1/runs?limit=1&after={next}")).is(200).json()["items"][0]["id"], "shop-1");
}

#[test]
fn a_rejected_plan_is_never_carried_out() {
    let server = Running::start();
    server.put_app("shop", SHOP).is(201);
    let digest = plan(&server, "shop");
    assert_eq!(server.send("POST", &format!("/v1/plans/{digest}/reject"), None).is(200).json()["state"], "rejected");
    // Saying it again is no fault; the contrary is.
    server.send("POST", &format!("/v1/plans/{digest}/reject"), None).is(200);
    let told = server.send("POST", &format!("/v1/plans/{digest}/approve"), None).is(409).json();
    assert!(told["detail"].as_str().unwrap().contains("rejected"), "{told}");
    assert_eq!(server.get("/v1/runs").is(200).json()["items"], json!([]));
}

#[test]
fn a_plan_for_an_older_state_is_refused_with_the_reason() {
    let server = Running::start();
    server.put_app("shop", SHOP).is(201);
    let old = plan(&server, "shop");
    server.put_app("shop", &SHOP.replace("disk_gb = 50", "disk_gb = 60")).is(200);
    let run = approve(&server, &plan(&server, "shop"));
    run_in(&server, &run, "finished");
    let told = server.send("POST", &format!("/v1/plans/{old}/approve"), None).is(409).json();
    assert!(told["detail"].as_str().unwrap().contains("older state"), "{told}");
}

#[test]
fn a_step_that_fails_takes_everything_back_and_says_why() {
    let trouble = Some(("web/verify".to_owned(), Trouble::Fails));
    let server = Running::make(Making { trouble, ..Making::default() });
    server.put_app("shop", SHOP).is(201);
    let run = approve(&server, &plan(&server, "shop"));
    let back = run_in(&server, &run, "rolled_back");
    assert!(back["back"].as_str().unwrap().contains("trouble on order"), "{back}");
    assert!(server.world.lock().unwrap().sides.is_empty());
}

#[test]
fn one_run_of_an_application_at_a_time() {
    let server = Running::start();
    server.gate.shut("web/verify");
    server.put_app("shop", SHOP).is(201);
    let (first, second) = {
        let first = plan(&server, "shop");
        server.put_app("shop", &SHOP.replace("disk_gb = 50", "disk_gb = 60")).is(200);
        (first, plan(&server, "shop"))
    };
    let run = approve(&server, &first);
    let told = server.send("POST", &format!("/v1/plans/{second}/approve"), None).is(409).json();
    assert!(told["detail"].as_str().unwrap().contains("right now"), "{told}");
    let metrics = server.get("/metrics").text();
    assert!(metrics.contains("placer_runs_under_way 1\n"), "{metrics}");
    server.gate.open();
    run_in(&server, &run, "finished");
}

#[test]
fn a_run_goes_on_when_the_server_begins_again() {
    let gate = Gate::default();
    let making = Making { gate: gate.clone(), ..Making::default() };
    let (folder, world) = (Arc::clone(&making.folder), Arc::clone(&making.world));
    let mut server = Running::make(making);
    server.put_app("shop", SHOP).is(201);
    gate.shut("web/verify");
    let run = approve(&server, &plan(&server, "shop"));
    run_in(&server, &run, "running");
    // The step under way ends, and the run rests before the next one.
    let opener = std::thread::spawn({
        let gate = gate.clone();
        move || {
            std::thread::sleep(Duration::from_millis(300));
            gate.open();
        }
    });
    let began = Instant::now();
    server.end();
    opener.join().unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "an orderly end is quick");
    let left = server.store().plan_run(&run).unwrap().unwrap();
    assert!(!left.state.ended(), "{left:?}");
    let server = Running::make(Making { folder, world, gate, ..Making::default() });
    run_in(&server, &run, "finished");
    assert_eq!(server.world.lock().unwrap().sides.len(), 2);
}
