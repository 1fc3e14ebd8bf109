use placer::{app, catalog::PriceBook, problem, policy::Policy};
use std::time::Instant;
fn main() {
    let t = Instant::now();
    let book = PriceBook::embedded().unwrap();
    println!("book {:?} regions {} compute {} managed {} tariffs {}", t.elapsed(), book.regions.len(), book.compute.len(), book.managed.len(), book.tariffs.len());
    let mut continents: Vec<String> = book.regions.iter().map(|r| r.continent.clone()).collect(); continents.sort(); continents.dedup();
    let mut countries: Vec<String> = book.regions.iter().map(|r| r.country.clone()).collect(); countries.sort(); countries.dedup();
    let mut gpus: Vec<String> = book.shapes.iter().map(|r| r.gpu_model.clone()).collect(); gpus.sort(); gpus.dedup();
    let names = app::Names { providers: book.providers.iter().map(|p| p.name.clone()).collect(), regions: book.region_ids().map(|r| (book.provider_of(r).name.clone(), book.region(r).code.clone())).collect(), cities: book.cities.iter().map(|c| (c.name.clone(), c.country.clone())).collect(), countries, continents, gpu_models: gpus };
    for file in std::env::args().skip(1) {
        let t = Instant::now();
        let parsed = match app::parse(std::fs::read(&file).unwrap(), &file, &names) { Ok(p) => p, Err(e) => { println!("{e}"); continue } };
        let tp = t.elapsed();
        let t = Instant::now();
        let p = match problem::lower::lower(&parsed.app, &book, &Policy::default(), &Default::default()) { Ok(p) => p, Err(e) => { println!("{file} {e}"); continue } };
        println!("{file}: parse {tp:?} lower {:?} places {} ladders {} flows {} paths {}", t.elapsed(), p.places.len(), p.ladders.len(), p.flows.len(), p.paths.len());
        for c in &p.components {
            let best = c.choices.iter().min_by_key(|x| x.cost);
            println!("  {} choices {} excluded {:?}", c.name, c.choices.len(), c.excluded);
            let mut v: Vec<_> = c.choices.iter().collect(); v.sort_by_key(|x| x.cost);
            for x in v.iter().take(4) { println!("     {} {} {} x{} {} {:?} inc {:?} z{}", x.cost, p.places[x.place].provider_name, p.places[x.place].region_code, x.count, x.offer, x.form, x.included, x.active_zones); }
            if let Some(b) = best { for l in &b.charges { println!("        {} {} {} x {} = {}", l.item.as_str(), l.detail, l.quantity, l.price.usd.to_decimal(), l.cost().to_decimal()); } }
        }
    }
}
