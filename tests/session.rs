//! The live session against a solve from scratch after every tick, on problems with the structure of real ones.

#[allow(dead_code, reason = "shared with the solver's tests")]
mod support;

use placer::problem::{Problem, check, score};
use placer::solve::{
    Clearing, Floor, Followed, Limits, Prepared, Request, Restriction, Session, Status, Tick, TickError, solve,
};
use placer::units::Money;
use support::realistic::{Wish, realistic};
use support::{Features, Random, small};

fn set_cost(problem: &mut Problem, tick: Tick) {
    let choice = &mut problem.components[tick.component].choices[tick.choice];
    choice.cost = tick.cost;
    choice.charges[0].price.usd = tick.cost;
}

fn scaled(problem: &Problem, component: usize, choice: usize, percent: i64) -> Tick {
    let cost = problem.components[component].choices[choice].cost.nanos();
    Tick { component, choice, cost: Money::from_nanos(cost * percent / 100) }
}

/// One random price by up to a tenth, or all prices of a region by 5 %.
fn some_ticks(r: &mut Random, problem: &Problem) -> Vec<Tick> {
    if r.chance(10) {
        let place = r.below(problem.places.len());
        let percent = if r.chance(50) { 95 } else { 105 };
        let choices = problem.components.iter().enumerate().flat_map(|(c, component)| {
            let here = component.choices.iter().enumerate().filter(move |(_, choice)| choice.place == place);
            here.map(move |(k, _)| (c, k))
        });
        return choices.map(|(c, k)| scaled(problem, c, k, percent)).collect();
    }
    let component = r.below(problem.components.len());
    let choice = r.below(problem.components[component].choices.len());
    vec![scaled(problem, component, choice, r.range(90, 111))]
}

/// Ticks of which the certificate settled some; the answer is compared after every one.
fn follow(base: &Problem, seed: u64, ticks: usize) -> usize {
    let r = &mut Random(seed);
    let mut now = base.clone();
    let mut session = Session::new(base, &Limits::default());
    let mut certified = 0;
    for _ in 0..ticks {
        let ticks = some_ticks(r, &now);
        let clearing = session.apply(&ticks).unwrap();
        for &tick in &ticks {
            set_cost(&mut now, tick);
        }
        let (fresh, live) = (solve(&now, &Limits::default()), session.solution());
        assert_eq!(live.status, fresh.status);
        assert_eq!(live.objective, fresh.objective);
        assert_eq!(live.lower_bound, fresh.lower_bound);
        if fresh.status == Status::Optimal {
            assert_eq!(check(&now, &live.assignment), []);
            assert_eq!(score(&now, &live.assignment).unwrap().objective, live.objective);
        }
        certified += usize::from(clearing == Clearing::Certified);
    }
    certified
}

#[test]
fn equals_a_solve_from_scratch_after_every_tick() {
    let wish = |components, places| Wish { components, places, cycles: 1, ..Wish::default() };
    let wishes = [
        wish(4, 25),
        Wish { relations: true, ..wish(5, 25) },
        Wish { traffic: 5_000, ..wish(5, 25) },
        Wish { latency_first: true, ..wish(4, 25) },
        Wish { price_per_us: 50_000, ..wish(4, 25) },
    ];
    for (seed, wish) in (0..).zip(wishes) {
        let certified = follow(&realistic(seed, wish), seed + 100, 100);
        assert!(certified >= 50, "the certificate settled only {certified} of 100 ticks of {wish:?}");
    }
}

#[test]
fn equals_a_solve_from_scratch_on_every_mix_of_constraints() {
    for seed in 0..200 {
        let bits = u16::try_from(seed * 37 % 1024).unwrap();
        follow(&small(seed, 3, 5, 4, Features::from_bits(bits)), seed, 12);
    }
}

#[test]
fn a_floor_follows_prices_and_begins_anew_where_anything_else_has_changed() {
    for seed in 0..60 {
        let r = &mut Random(seed + 1);
        let mut now = realistic(seed, Wish { components: 4, places: 20, cycles: 1, ..Wish::default() });
        let mut floor = Floor::new(&Limits::default());
        let mut seen = [0_usize; 3];
        for round in 0..25 {
            let other = round % 6 == 5;
            if other {
                match r.below(4) {
                    0 => now.budget = Some(Money::from_dollars(1_000_000 + round)),
                    1 => now.components[0].choices[0].active_zones ^= 1,
                    2 => now.flows.truncate(now.flows.len() - 1),
                    _ => drop(now.components[1].choices.pop()),
                }
            }
            for tick in some_ticks(r, &now) {
                set_cost(&mut now, tick);
            }
            let (followed, fresh) = (floor.follow(&now), solve(&now, &Limits::default()));
            assert_eq!(followed == Followed::Opened, round == 0 || other, "seed {seed}, round {round}");
            seen[followed as usize] += 1;
            let answer = floor.solution().expect("it was followed");
            assert_eq!(
                (answer.status, answer.objective),
                (fresh.status, fresh.objective),
                "seed {seed}, round {round}"
            );
            if fresh.status != Status::Optimal {
                continue;
            }
            assert_eq!(check(&now, &answer.assignment), []);
            for (component, lot) in floor.lots().into_iter().enumerate() {
                assert_eq!(lot.winner, answer.assignment[component]);
                let Some((rival, room)) = lot.runner_up.filter(|(_, room)| *room > Money::ZERO) else { continue };
                // Cheaper by less than the room, the rival does not make anything better.
                let mut cheaper = now.clone();
                let cost = cheaper.components[component].choices[rival].cost - room;
                if cost >= Money::ZERO {
                    set_cost(&mut cheaper, Tick { component, choice: rival, cost });
                    assert_eq!(solve(&cheaper, &Limits::default()).objective, answer.objective);
                }
            }
        }
        assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
    }
}

#[test]
fn a_marginal_is_never_above_the_best_total_with_its_choice() {
    for seed in 0..200 {
        let problem = small(seed, 3, 4, 4, Features::from_bits(u16::try_from(seed * 53 % 1024).unwrap()));
        let prepared = Prepared::new(&problem);
        let best = prepared.solve(&Request::default());
        if best.status != Status::Optimal {
            continue;
        }
        for (component, bounds) in prepared.marginals(&best).iter().enumerate() {
            for (choice, &bound) in bounds.iter().enumerate() {
                let forced = |c: usize, k: usize, _: &placer::problem::Choice| c != component || k == choice;
                let restriction = Restriction::allowing(&forced);
                let exact = prepared.solve(&Request { restriction, ..Request::default() });
                if exact.status == Status::Optimal {
                    assert!(best.objective <= bound && bound <= exact.objective, "{bound} {}", exact.objective);
                }
            }
        }
    }
}

#[test]
fn a_choice_moves_the_answer_no_sooner_than_its_room_says() {
    let problem = realistic(3, Wish { components: 4, places: 30, ..Wish::default() });
    let r = &mut Random(5);
    for _ in 0..200 {
        let mut session = Session::new(&problem, &Limits::default());
        let component = r.below(problem.components.len());
        let choice = r.below(problem.components[component].choices.len());
        let Some(room) = session.room(component, choice) else { continue };
        let cost = problem.components[component].choices[choice].cost.nanos() - room.nanos();
        let tick = Tick { component, choice, cost: Money::from_nanos(cost.max(0)) };
        assert_eq!(session.tick(tick), Ok(Clearing::Certified));
    }
}

#[test]
fn a_tick_of_nothing_on_sale_changes_nothing() {
    let problem = realistic(1, Wish { components: 2, places: 12, ..Wish::default() });
    let mut session = Session::new(&problem, &Limits::default());
    let before = session.solution().clone();
    let choice = problem.components[1].choices.len();
    let absent = Tick { component: 1, choice, cost: Money::ZERO };
    assert_eq!(session.tick(absent), Err(TickError::NoChoice { component: 1, choice }));
    let negative = Tick { component: 1, choice: 0, cost: Money::from_nanos(-1) };
    assert!(session.apply(&[Tick { cost: Money::ZERO, ..negative }, negative]).is_err());
    assert_eq!(session.solution(), &before);
    assert_eq!(session.cost(1, 0), Some(problem.components[1].choices[0].cost));
}

#[test]
fn an_end_on_request_keeps_the_bound_valid() {
    let problem = realistic(4, Wish { components: 6, places: 60, traffic: 5_000, relations: true, ..Wish::default() });
    let best = solve(&problem, &Limits::default());
    let prepared = Prepared::new(&problem);
    for nodes in 0..20 {
        let asked = std::cell::Cell::new(0);
        let cancelled = || {
            asked.set(asked.get() + 1);
            asked.get() > nodes
        };
        let answer = prepared.solve(&Request { cancelled: Some(&cancelled), ..Request::default() });
        assert!(answer.lower_bound <= best.objective);
        assert!(answer.assignment.is_empty() || answer.objective >= best.objective);
    }
}
