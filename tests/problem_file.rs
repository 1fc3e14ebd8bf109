//! Problems as JSON: what is written reads back to the same costs, and what is wrong is told with its place.

#![allow(clippy::needless_update, reason = "limits get more kinds")]

#[allow(dead_code, reason = "shared with the solver's tests")]
mod support;

use placer::problem::file::{Document, FORBIDDEN, read, read_sage, to_json};
use placer::problem::{Assignment, Problem, check, score};
use placer::solve::{Limits, solve};
use proptest::prelude::*;
use serde_json::json;
use support::{Features, Random, sharing, small};

fn told(text: &str) -> String {
    read(text.as_bytes()).expect_err("it is refused").to_string()
}

/// The plain form of two components at two places, with a piece replaced.
fn plain(from: &str, to: &str) -> String {
    let text = r#"{"places":2,"components":[{"name":"a","cost":[1,2]},{"name":"b","cost":[3,null]}],
"pairs":[{"a":0,"b":1,"cost":[[5,1],[0,null]]}]}"#;
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

#[test]
fn the_plain_form_is_read_whatever_the_order_of_its_members() {
    let sorted = r#"{"components":[{"cost":[1,2],"name":"a"},{"cost":[3,null],"name":"b"}],
        "pairs":[{"cost":[[5,1],[0,null]],"b":1,"a":0}],"places":2}"#;
    for text in [plain("", ""), sorted.to_owned()] {
        let Ok(Document::Pairwise(pairwise)) = read(text.as_bytes()) else { panic!("{text}") };
        assert_eq!(pairwise.places, 2);
        assert_eq!(pairwise.names, ["a", "b"]);
        assert_eq!(pairwise.unary, [vec![1, 2], vec![3, FORBIDDEN]]);
        assert_eq!(pairwise.pairs[0].cost, [5, 1, 0, FORBIDDEN]);
    }
}

#[test]
fn faults_of_the_plain_form_are_told_with_their_place() {
    for (from, to, words) in [
        ("[1,2]", "[1,2.5]", "components[0].cost[1]: 2.5 is a fraction"),
        ("[1,2]", "[1,2e3]", "components[0].cost[1]: 2000 is written with a point or an exponent"),
        ("[1,2]", "[1,123456789012345678901234567890]", "components[0].cost[1]: "),
        ("[1,2]", "[1,9223372036854775807]", "is too large"),
        ("[1,2]", "[1,18446744073709551615]", "does not fit 64 bits"),
        ("[1,2]", "[1,\"2\"]", "components[0].cost[1]: invalid type: string"),
        ("[1,2]", "[1,2,3]", "components[0].cost: there are more than 2 costs for 2 places"),
        ("[1,2]", "[1]", "components[0].cost: there are 1 costs for 2 places"),
        ("[1,2]", "[1,[2]]", "components[0].cost[1]: invalid type: sequence"),
        ("[3,null]", "[288230376151711744,null]", "components[1]: costs could add up to more than"),
        ("[[5,1],[0,null]]", "[[5,1]]", "pairs[0].cost: there are 1 rows for 2 places"),
        ("[[5,1],[0,null]]", "[[5,1],[0]]", "pairs[0].cost[1]: there are 1 costs"),
        ("[[5,1],[0,null]]", "[[5,1],[0,1],[2,3]]", "pairs[0].cost: there are more than 2 rows"),
        ("\"b\":1", "\"b\":0", "pairs[0]: component 0 is paired with itself"),
        ("\"b\":1", "\"b\":2", "pairs[0]: there is no component 2"),
        ("\"b\":1", "\"b\":-1", "pairs[0].b: -1 is out of range"),
        ("\"b\":1", "\"b\":1,\"b\":1", "the member `b` is given twice"),
        ("\"b\":1,", "", "pairs[0]: the pair has no `b`"),
        ("\"places\":2", "\"places\":-2", "places: -2 is out of range"),
        ("\"places\":2", "\"places\":0", "places: 0 is out of range"),
        ("\"places\":2", "\"places\":1000000000000", "places: 1000000000000 is out of range"),
        ("\"places\":2,", "", "the member `places` is missing"),
        ("\"places\":2", "\"places\":2,\"budget\":5", "has no member `budget`"),
        ("[1,2]", "[1,\x002]", "line 1, column "),
        ("null]]}]}", "null]]}]} 7", "trailing"),
        ("null]]}]}", "null]]}", "EOF"),
        (
            "]}]}",
            "]},{\"a\":1,\"b\":0,\"cost\":[[1,1],[1,1]]}]}",
            "pairs[1]: components 1 and 0 were paired before, in pairs[0]",
        ),
    ] {
        let text = told(&plain(from, to));
        assert!(text.contains(words), "{to}: {text}");
    }
    assert!(told("").contains("is empty"));
    assert!(told("[1]").contains("begins with `{`"));
    assert!(told(r#"{"places":1,"components":[],"pairs":[]}"#).contains("no component"));
}

#[test]
fn nesting_and_long_lists_are_bounded() {
    let deep = "[".repeat(1_000_000);
    for member in ["places", "components", "comment", "format", "version"] {
        assert!(!told(&format!("{{\"{member}\":{deep}")).is_empty());
    }
    let deep = format!("{{\"format\":\"placer-problem\",\"version\":1,\"app\":{deep}");
    assert!(told(&deep).contains("app"));
    let pairs = r#"{"a":0,"b":1,"cost":[[0]]},"#.repeat(1_000_001);
    let many = format!("{{\"places\":1,\"components\":[{{\"cost\":[0]}},{{\"cost\":[0]}}],\"pairs\":[{pairs}");
    let text = told(&many);
    assert!(text.contains("more than 1000000 pairs"), "{text}");
}

/// Any small problem, in one of three with components that may share machines.
fn any_problem() -> impl Strategy<Value = Problem> {
    (any::<u64>(), 1_usize..=4, 1_usize..=5, 1_usize..=4, 0_u16..1024).prop_map(
        |(seed, components, places, choices, bits)| {
            let features = Features::from_bits(bits);
            let mut problem = small(seed, components, places, choices, features);
            if seed % 3 == 0 {
                sharing::share(&mut Random(seed), features, &mut problem, usize::from(components > 3), 4);
            }
            problem
        },
    )
}

fn read_back(problem: &Problem) -> Problem {
    match read(to_json(problem).expect("it is written").as_bytes()) {
        Ok(Document::Application(problem)) => *problem,
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_problem_reads_back_to_the_same_costs(problem in any_problem(), picks in prop::collection::vec(0_usize..4, 4)) {
        let again = read_back(&problem);
        prop_assert_eq!(to_json(&again).unwrap(), to_json(&problem).unwrap());
        let picked: Assignment =
            problem.components.iter().zip(&picks).map(|(c, pick)| pick % c.choices.len()).collect();
        prop_assert_eq!(check(&again, &picked), check(&problem, &picked));
        let objective = |p: &Problem| score(p, &picked).map(|bill| (bill.objective, bill.path_latency_us));
        prop_assert_eq!(objective(&again), objective(&problem));
        let answer = |p: &Problem| solve(p, &Limits::default());
        prop_assert_eq!(answer(&again), answer(&problem));
    }

    /// Whatever is done to a document, it is read or refused, and what is read can be solved.
    #[test]
    fn a_spoiled_document_is_refused_or_sound(
        problem in any_problem(), at in any::<prop::sample::Index>(), with in "[0-9,\\]\\[{}\"\\-.e]{0,3}", length in 0_usize..6,
    ) {
        let text = to_json(&problem).unwrap();
        let at = at.index(text.len());
        let end = (at + length).min(text.len());
        let spoiled = [&text.as_bytes()[..at], with.as_bytes(), &text.as_bytes()[end..]].concat();
        if let Ok(Document::Application(problem)) = read(&spoiled) {
            let limits = Limits { nodes_max: 1_000, work_max: 1_000_000, ..Limits::default() };
            let solution = solve(&problem, &limits);
            if !solution.assignment.is_empty() {
                prop_assert_eq!(check(&problem, &solution.assignment), []);
            }
        }
    }
}

#[test]
fn faults_of_the_application_form_are_told_with_their_place() {
    let text = to_json(&small(7, 3, 4, 3, Features::from_bits(0b11_1111_1111))).unwrap();
    let with = |pointer: &str, value: serde_json::Value| {
        let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
        *document.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        told(&document.to_string())
    };
    for (pointer, value, words) in [
        ("/components/1/choices/0/place", json!(99), "components[1].choices[0].place: there is no place 99"),
        ("/components/0/choices/0/cost_nanos", json!(-1), "components[0].choices[0].cost_nanos: -1 is negative"),
        ("/components/0/choices/0/cost_nanos", json!(i64::MAX), "a billion dollars a month"),
        ("/components/0/choices/0/cost_nanos", json!(1.5), "components[0].choices[0].cost_nanos"),
        ("/components", json!([]), "no component"),
        ("/places/0/provider", json!(99), "places[0].provider: there is no provider 99"),
        ("/places/0/zones", json!(0), "places[0].zones"),
        ("/routes", json!([[0, 0, 0, 0]]), "routes: there are 1 rows for 4 places"),
        ("/routes/1/2", json!(9999), "routes[1][2]: there is no entry of `route_kinds` 9999"),
        ("/rtt_us/p95/3", json!([1, 2, 3]), "rtt_us.p95[3]: there are 3 entries for 4 places"),
        ("/ladders/0/steps", json!([]), "ladders[0].steps: the first step must begin at 0"),
        ("/version", json!(2), "version"),
        ("/format", json!("placer-riddle"), "`placer-riddle` is not a known form"),
    ] {
        let text = with(pointer, value);
        assert!(text.contains(words), "{pointer}: {text}");
    }
    assert!(told(&text.replacen("\"app\":", "\"apps\":", 1)).contains("unknown field `apps`"));
}

#[test]
fn faults_of_groups_are_told_with_their_place() {
    let features = Features::from_bits(0b11_1111_1111);
    let mut problem = small(7, 3, 2, 3, features);
    sharing::share(&mut Random(7), features, &mut problem, 0, 3);
    let document: serde_json::Value = serde_json::from_str(&to_json(&problem).unwrap()).unwrap();
    let hosted = |member: &str| {
        let is = |choice: &serde_json::Value| !choice[member].is_null();
        let find = |c: usize| document["components"][c]["choices"].as_array().unwrap().iter().position(is);
        (0..3).find_map(|c| Some(format!("/components/{c}/choices/{}", find(c)?))).expect(member)
    };
    let (leads, joins) = (hosted("leads"), hosted("joins"));
    let with = |pointer: &str, value: serde_json::Value| {
        let mut document = document.clone();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        match document.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}")) {
            serde_json::Value::Object(object) => drop(object.insert(member.to_owned(), value)),
            list => list[member.parse::<usize>().unwrap()] = value,
        }
        told(&document.to_string())
    };
    for (pointer, value, words) in [
        ("/groups/0/zones".to_owned(), json!(0), "groups[0].zones: 0 zones"),
        ("/groups/0/members/1/component".to_owned(), json!(0), "members do not ascend by component"),
        ("/groups/0/members/1/component".to_owned(), json!(9), "there is no component 9"),
        ("/groups/0/members/0/takes/2".to_owned(), json!(-1), "groups[0].members[0].takes: -1 is negative"),
        ("/groups/0/members/0/takes/2".to_owned(), json!(i64::MAX), "the limit of this form"),
        ("/groups/0/machines/0/place".to_owned(), json!(9), "groups[0].machines[0].place: there is no place 9"),
        ("/groups/0/machines/0/admits".to_owned(), json!([true]), "has 1 entries for 3 members"),
        ("/groups/0/machines/0/cost_nanos".to_owned(), json!(i64::MAX), "a billion dollars a month"),
        ("/groups/0/machines/0/nat_nanos_per_gb".to_owned(), json!(-5), "groups[0].machines[0]: -5 is negative"),
        (format!("{leads}/leads"), json!(99), "there is no machine of its group 99"),
        (format!("{leads}/joins"), json!(0), "leads a machine or joins one, not both"),
        (format!("{joins}/joins"), json!(2), "`joins` names a component of its group that stands before it"),
        (format!("{joins}/pooled_micro_gb"), json!(2), "are the machine's"),
        (format!("{joins}/active_zones"), json!(7), "different `active_zones`"),
        ("/groups".to_owned(), json!([]), "the component is in no group"),
    ] {
        let text = with(&pointer, value);
        assert!(text.contains(words), "{pointer}: {text}");
    }
    let twice = format!("{}/2", joins.rsplit_once('/').unwrap().0);
    let same = document.pointer(&joins).unwrap().clone();
    assert!(with(&twice, same).contains("has that choice already"));
}

const PACKING: &str = r#"{"format":"placer-packing","version":1,"resources":["cpu"],
"components":[{"name":"a","needs":[2]},{"name":"b","needs":[1]}],"offers":[{"name":"m","capacity":[3],"price":5}],
"rules":[{"kind":"conflict","component":0,"with":[1]}]}"#;

#[test]
fn the_packing_form_is_read_and_its_faults_are_told() {
    let Ok(Document::Packing(packing)) = read(PACKING.as_bytes()) else { panic!("it is read") };
    assert_eq!((packing.components.len(), packing.offers.len(), packing.rules.len()), (2, 1, 1));
    for (from, to, words) in [
        ("\"with\":[1]", "\"with\":[2]", "rules[0]: there is no component 2"),
        ("\"with\":[1]", "\"with\":[0]", "conflicts with itself"),
        ("[3]", "[3,4]", "offers[0].capacity: there are 2 amounts for 1 resources"),
        ("\"price\":5", "\"price\":-5", "offers[0].price: -5 is out of range"),
        ("\"price\":5", "\"price\":5.5", "offers[0].price"),
        ("\"conflict\"", "\"conflicts\"", "rules[0]"),
        ("\"resources\":[\"cpu\"]", "\"resources\":[]", "resources: there are 0"),
        ("\"version\":1", "\"version\":1,\"machines_max\":0", "machines_max"),
    ] {
        let text = told(&PACKING.replacen(from, to, 1));
        assert!(text.contains(words), "{to}: {text}");
    }
}

#[test]
fn the_files_of_the_sage_benchmarks_are_read() {
    let app = r#"{"application":"A","components":[
        {"id":7,"name":"x","Compute":{"CPU":2,"GPU":"false","Memory":512},"Storage":{"StorageType":"HDD","StorageSize":10},"Network":{}},
        {"id":9,"name":"y","Compute":{"CPU":1,"Memory":256},"Storage":{"StorageSize":5}}],
        "restrictions":[{"type":"LowerBound","compsIdList":[9],"bound":3},{"type":"Conflicts","alphaCompId":7,"compsIdList":[9]}]}"#;
    let offers = r#"{"big":{"cpu":4,"memory":1024,"storage":20,"operatingSystem":"Linux","price":30},
        "small":{"cpu":1,"memory":256,"storage":5,"operatingSystem":"Linux","price":9}}"#;
    let packing = read_sage(app.as_bytes(), offers.as_bytes()).expect("it is read");
    let packed = placer::solve::packing::solve(&packing, u64::MAX, &|| false).expect("it is small");
    assert_eq!(packed.price, 30 + 3 * 9);
    let told = |app: String| read_sage(app.as_bytes(), offers.as_bytes()).expect_err("it is refused").to_string();
    assert!(told(app.replace("LowerBound", "Sideways")).contains("restrictions[0].type: `Sideways`"));
    assert!(told(app.replace("[9],\"bound\"", "[8],\"bound\"")).contains("no component with id 8"));
    assert!(told(app.replace("\"id\":9", "\"id\":7")).contains("components[1].id"));
    assert!(read_sage(app.as_bytes(), b"{").expect_err("it is refused").to_string().contains("offers"));
}
