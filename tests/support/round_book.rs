//! A small made-up price book with round prices, in the book's own text form.

use placer::catalog::PriceBook;

const FILES: &[(&str, &str)] = &[
    ("sources.csv", "id,as_of,text\n0,2026-01-01,made up for tests\n"),
    ("providers.csv", "name,traffic_pool\naws,per_server\ncapped,per_server\npooled,pooled\n"),
    (
        "regions.csv",
        "provider,code,country,continent,lat,lon,zones,source,city\n\
         aws,east,US,north-america,39,-77,3,0,Ashburn\n\
         aws,south,BR,south-america,-23.5,-46.6,3,0,Sao Paulo\n\
         aws,west,US,north-america,45.8,-119.7,3,0,Boardman\n\
         capped,de,DE,europe,50.5,12.4,1,0,Falkenstein\n\
         pooled,us,US,north-america,40.7,-74,1,0,New York\n",
    ),
    ("cities.csv", "country,lat,lon,source,name\nDE,52.52,13.405,0,Berlin\nUS,40.71,-74.0,0,New York\n"),
    (
        "shapes/aws.csv",
        "name,arch,vcpu,memory_mib,cpu_kind,gpu,gpu_model,disk_gb,source\n\
         large,x86_64,8,16384,dedicated,0,,,0\nsmall,x86_64,2,4096,dedicated,0,,,0\nt.small,x86_64,2,4096,burstable,0,,,0\n",
    ),
    (
        "shapes/capped.csv",
        "name,arch,vcpu,memory_mib,cpu_kind,gpu,gpu_model,disk_gb,source\nc2,x86_64,2,4096,shared,0,,40,0\n",
    ),
    (
        "shapes/pooled.csv",
        "name,arch,vcpu,memory_mib,cpu_kind,gpu,gpu_model,disk_gb,source\np2,x86_64,2,4096,shared,0,,80,0\n",
    ),
    (
        "compute/aws.csv",
        "region,instance,on_demand,spot,reserved_1y,reserved_3y,month_cap,included_gb,quality,source\n\
         east,large,0.36,,,,,0,l,0\neast,small,0.1,0.03,0.07,0.05,,0,l,0\neast,t.small,0.02,,,,,0,l,0\n\
         south,small,0.16,,,,,0,l,0\nwest,small,0.11,,,,,0,l,0\n",
    ),
    (
        "compute/capped.csv",
        "region,instance,on_demand,spot,reserved_1y,reserved_3y,month_cap,included_gb,quality,source\n\
         de,c2,0.01,,,,6,20000,l,0\n",
    ),
    (
        "compute/pooled.csv",
        "region,instance,on_demand,spot,reserved_1y,reserved_3y,month_cap,included_gb,quality,source\n\
         us,p2,0.03,,,,20,1000,l,0\n",
    ),
    (
        "managed/aws.csv",
        "region,kind,product,tier,vcpu,memory_mib,multi_zone,unit,usd,quality,source,month_cap,storage_usd,storage_quality,storage_source,storage_included_gb\n\
         east,postgres,RDS,db.m,2,8192,0,hour,0.2,l,0,,0.115,l,0,0\n\
         east,postgres,RDS,db.m,2,8192,1,hour,0.4,l,0,,0.23,l,0,0\n",
    ),
    (
        "tariffs.csv",
        "provider,region,item,product,from,unit,usd,quality,source\n\
         aws,east,block_storage,gp3,0,gb_month,0.08,l,0\n\
         aws,east,object_storage,S3,0,gb_month,0.023,l,0\n\
         aws,east,object_storage,S3,51200,gb_month,0.022,l,0\n\
         aws,east,object_writes,S3,0,million_requests,5,l,0\n\
         aws,east,object_reads,S3,0,million_requests,0.4,l,0\n\
         aws,east,object_reads,S3,1000,million_requests,0.3,l,0\n\
         aws,east,load_balancer,ALB,0,hour,0.0225,l,0\n\
         aws,east,load_balancer_data,ALB,0,gb,0.008,l,0\n\
         aws,east,nat_gateway,NAT,0,hour,0.045,l,0\n\
         aws,east,nat_data,NAT,0,gb,0.045,l,0\n\
         aws,east,public_ipv4,IPv4,0,hour,0.005,l,0\n\
         aws,east,serverless_vcpu,Fargate,0,vcpu_hour,0.04,l,0\n\
         aws,east,serverless_memory,Fargate,0,gib_hour,0.004,l,0\n\
         aws,south,block_storage,gp3,0,gb_month,0.08,l,0\n\
         aws,south,public_ipv4,IPv4,0,hour,0.005,l,0\n\
         aws,west,block_storage,gp3,0,gb_month,0.08,l,0\n\
         aws,west,public_ipv4,IPv4,0,hour,0.005,l,0\n\
         capped,de,block_storage,volume,0,gb_month,0.05,l,0\n\
         capped,de,public_ipv4,IPv4,0,month,0.5,l,0\n\
         pooled,us,block_storage,volume,0,gb_month,0.1,l,0\n\
         pooled,us,public_ipv4,IPv4,0,hour,0,l,0\n",
    ),
    (
        "egress.csv",
        "provider,region,to,included_gb,from,usd,quality,source\n\
         aws,east,*,100,0,0.09,l,0\naws,east,*,100,10240,0.085,l,0\n\
         aws,south,*,100,0,0.15,l,0\n\
         aws,west,*,100,0,0.09,l,0\naws,west,*,100,10240,0.085,l,0\n\
         capped,de,*,0,0,0.001,l,0\npooled,us,*,0,0,0.01,l,0\n",
    ),
    (
        "transfers.csv",
        "provider,region,to,usd,quality,source\n\
         aws,east,zone,0.02,l,0\naws,east,any,0.02,l,0\naws,south,any,0.138,l,0\naws,west,zone,0.02,l,0\naws,west,any,0.02,l,0\n",
    ),
    ("latency.csv", "a_provider,a_region,b_provider,b_region,p50_us,p95_us,source\n"),
    (
        "latency_model.csv",
        "continent_a,continent_b,base_us,us_per_km,p95_factor,mae_us,pairs,source\n*,*,2000,15,1.1,0,10,0\n",
    ),
    ("city_rtt.csv", "city,source,tenths_of_ms_to_each_earlier_city\n"),
];

/// The book.
pub fn book() -> PriceBook {
    PriceBook::from_files(FILES.iter().map(|(name, text)| (*name, text.as_bytes()))).unwrap_or_else(|e| panic!("{e}"))
}
