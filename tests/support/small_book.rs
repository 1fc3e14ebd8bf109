//! A price book and an application small enough to check by hand, so that snapshots do not move with real prices.
//!
//! Three providers: `grand` (two regions, everything managed, dear egress with 100 GB free), `plain` (one region, cheap
//! machines with included traffic, nothing managed), `second` (one region, managed databases).

#![allow(dead_code, reason = "each test program uses a part of it")]

use placer::catalog::{PriceBook, seal};

/// The files of the book.
const FILES: [(&str, &str); 19] = [
    (
        "sources.csv",
        "id,as_of,text\n0,2026-01-15,grand price list\n1,2026-01-20,plain price list\n2,2026-02-01,second price list\n3,2026-02,estimated by a regional index\n",
    ),
    ("providers.csv", "name,traffic_pool\ngrand,per_server\nplain,per_server\nsecond,pooled\n"),
    (
        "regions.csv",
        "provider,code,country,continent,lat,lon,zones,source,city\n\
         grand,eu-1,DE,europe,50.11,8.68,3,0,Frankfurt\n\
         grand,us-1,US,north-america,39.04,-77.49,3,0,Ashburn\n\
         plain,nbg,DE,europe,49.45,11.08,1,1,Nuremberg\n\
         second,par,FR,europe,48.86,2.35,2,2,Paris\n",
    ),
    (
        "cities.csv",
        "country,lat,lon,source,name\nAU,-33.87,151.21,0,Sydney\nDE,52.52,13.4,0,Berlin\nUS,40.71,-74.01,0,New York\n",
    ),
    (
        "shapes/grand.csv",
        "name,arch,vcpu,memory_mib,cpu_kind,gpu,gpu_model,disk_gb,source\ng1.large,x86_64,2,8192,dedicated,0,,,0\ng1.small,x86_64,1,4096,dedicated,0,,,0\n",
    ),
    (
        "shapes/plain.csv",
        "name,arch,vcpu,memory_mib,cpu_kind,gpu,gpu_model,disk_gb,source\np2,x86_64,2,4096,dedicated,0,,40,1\np4,arm64,4,8192,dedicated,0,,80,1\n",
    ),
    (
        "shapes/second.csv",
        "name,arch,vcpu,memory_mib,cpu_kind,gpu,gpu_model,disk_gb,source\ns2,x86_64,2,4096,dedicated,0,,40,2\n",
    ),
    (
        "compute/grand.csv",
        "region,instance,on_demand,spot,reserved_1y,reserved_3y,month_cap,included_gb,quality,source\n\
         eu-1,g1.large,0.1,0.04,0.065,,,0,l,0\neu-1,g1.small,0.05,,,,,0,l,0\n\
         us-1,g1.large,0.09,,,,,0,l,0\nus-1,g1.small,0.045,,,,,0,l,0\n",
    ),
    (
        "compute/plain.csv",
        "region,instance,on_demand,spot,reserved_1y,reserved_3y,month_cap,included_gb,quality,source\n\
         nbg,p2,0.008,,,,5,1000,l,1\nnbg,p4,0.014,,,,9,2000,l,1\n",
    ),
    (
        "compute/second.csv",
        "region,instance,on_demand,spot,reserved_1y,reserved_3y,month_cap,included_gb,quality,source\n\
         par,s2,0.02,,,,,500,l,2\n",
    ),
    (
        "managed/grand.csv",
        "region,kind,product,tier,vcpu,memory_mib,multi_zone,unit,usd,quality,source,month_cap,storage_usd,storage_quality,storage_source,storage_included_gb\n\
         eu-1,postgres,Grand SQL,db.large,2,8192,0,hour,0.15,l,0,,0.12,l,0,0\n\
         eu-1,postgres,Grand SQL,db.large,2,8192,1,hour,0.3,l,0,,0.24,l,0,0\n\
         us-1,postgres,Grand SQL,db.large,2,8192,0,hour,0.14,e10,3,,0.115,e10,3,0\n",
    ),
    (
        "managed/second.csv",
        "region,kind,product,tier,vcpu,memory_mib,multi_zone,unit,usd,quality,source,month_cap,storage_usd,storage_quality,storage_source,storage_included_gb\n\
         par,postgres,Second DB,pg-2,2,8192,0,month,60,l,2,,0.2,l,2,20\n",
    ),
    (
        "managed/plain.csv",
        "region,kind,product,tier,vcpu,memory_mib,multi_zone,unit,usd,quality,source,month_cap,storage_usd,storage_quality,storage_source,storage_included_gb\n",
    ),
    (
        "tariffs.csv",
        "provider,region,item,product,from,unit,usd,quality,source\n\
         grand,eu-1,block_storage,gdisk,0,gb_month,0.1,l,0\n\
         grand,eu-1,object_storage,gstore,0,gb_month,0.023,l,0\n\
         grand,eu-1,object_writes,gstore,0,million_requests,5,l,0\n\
         grand,eu-1,object_reads,gstore,0,million_requests,0.4,l,0\n\
         grand,eu-1,load_balancer,GLB,0,hour,0.025,l,0\n\
         grand,eu-1,load_balancer_data,GLB,0,gb,0.008,l,0\n\
         grand,eu-1,nat_gateway,GNAT,0,hour,0.045,l,0\n\
         grand,eu-1,nat_data,GNAT,0,gb,0.045,l,0\n\
         grand,eu-1,public_ipv4,public IPv4,0,hour,0.005,l,0\n\
         grand,us-1,block_storage,gdisk,0,gb_month,0.09,e10,3\n\
         grand,us-1,load_balancer,GLB,0,hour,0.0225,e10,3\n\
         grand,us-1,load_balancer_data,GLB,0,gb,0,e10,3\n\
         grand,us-1,public_ipv4,public IPv4,0,hour,0.005,l,0\n\
         plain,nbg,block_storage,volume,0,gb_month,0.05,l,1\n\
         plain,nbg,load_balancer,PLB,0,month,6,l,1\n\
         plain,nbg,load_balancer_data,PLB,0,gb,0,l,1\n\
         plain,nbg,public_ipv4,primary IPv4,0,month,0.6,l,1\n\
         second,par,block_storage,block,0,gb_month,0.08,l,2\n\
         second,par,load_balancer,SLB,0,month,10,l,2\n\
         second,par,load_balancer_data,SLB,0,gb,0,l,2\n\
         second,par,public_ipv4,IPv4,0,month,2,d,2\n",
    ),
    (
        "egress.csv",
        "provider,region,to,included_gb,from,usd,quality,source\n\
         grand,eu-1,*,100,0,0.09,l,0\ngrand,eu-1,*,100,10240,0.085,l,0\n\
         grand,us-1,*,100,0,0.09,l,0\ngrand,us-1,*,100,10240,0.085,l,0\n\
         plain,nbg,*,0,0,0.001,l,1\nsecond,par,*,0,0,0.01,l,2\n",
    ),
    (
        "transfers.csv",
        "provider,region,to,usd,quality,source\n\
         grand,eu-1,zone,0.02,l,0\ngrand,eu-1,any,0.02,l,0\ngrand,us-1,zone,0.02,l,0\ngrand,us-1,any,0.02,l,0\n\
         plain,nbg,zone,0,l,1\nplain,nbg,any,0,l,1\nsecond,par,zone,0,l,2\nsecond,par,any,0,l,2\n",
    ),
    (
        "latency.csv",
        "a_provider,a_region,b_provider,b_region,p50_us,p95_us,source\n\
         grand,eu-1,grand,us-1,88000,92000,0\ngrand,eu-1,plain,nbg,4000,6000,0\ngrand,eu-1,second,par,9000,11000,0\n\
         grand,us-1,plain,nbg,92000,97000,0\ngrand,us-1,second,par,80000,84000,0\nplain,nbg,second,par,13000,15000,1\n",
    ),
    (
        "latency_model.csv",
        "continent_a,continent_b,base_us,us_per_km,p95_factor,mae_us,pairs,source\n*,*,2000,14,1.1,3000,10,0\n",
    ),
    ("city_rtt.csv", "city,source,tenths_of_ms_to_each_earlier_city\n"),
];

/// The sealed book.
#[must_use]
pub fn sealed() -> Vec<u8> {
    seal(FILES.iter().map(|(name, text)| (*name, text.as_bytes()))).expect("the small book has its files")
}

/// The sealed book with texts replaced: (file, from, to), each of which must be there once.
#[must_use]
pub fn sealed_with(edits: &[(&str, &str, &str)]) -> Vec<u8> {
    let edited = FILES.map(|(name, text)| {
        let mut text = text.to_owned();
        for (_, from, to) in edits.iter().filter(|(file, _, _)| *file == name) {
            assert_eq!(text.matches(from).count(), 1, "{from} in {name}");
            text = text.replace(from, to);
        }
        (name, text)
    });
    seal(edited.iter().map(|(name, text)| (*name, text.as_bytes()))).expect("the small book has its files")
}

/// The book.
#[must_use]
pub fn book() -> PriceBook {
    PriceBook::from_sealed(&sealed()).unwrap_or_else(|error| panic!("{error}"))
}

/// A shop: a balanced web service, a database, a path between them.
pub const SHOP: &str = r#"version = 1
name = "shop"

[[audience]]
name = "germany"
city = "Berlin"
share = 100

[[component]]
name = "web"
kind = "service"
image = "example/shop:1"
cpu = 2
memory_gib = 4
disk_gb = 20
replicas = { min = 1, typical = 2, max = 3 }
users_gb_month = { min = 100, typical = 400, max = 3000 }

[[component]]
name = "db"
kind = "postgres"
cpu = 2
memory_gib = 4
disk_gb = 50
managed = "only"

[[link]]
from = "web"
to = "db"
request_gb_month = 20
response_gb_month = 200
round_trips = 4

[[path]]
name = "open a page"
through = ["web", "db"]
p95_ms = 120
"#;

/// Where the shop is today.
pub const SHOP_TODAY: &str = r#"
[[today]]
component = "web"
provider = "grand"
region = "eu-1"
offer = "g1.large"

[[today]]
component = "db"
provider = "grand"
region = "eu-1"
offer = "Grand SQL db.large"
"#;
