//! Small pages in the forms that the providers document, written by hand, with more than one page where lists have pages.
//! Amounts are near today's; what counts is the form.

use placer::collect::source::Request;

/// The answer of a source's provider to a request.
pub fn page(source: &str, request: &Request) -> Option<String> {
    let path = request.path.as_str();
    let found: &str = match source {
        "aws-offers" => return aws_offers(request),
        "aws-price-list" => return aws_price_list(request),
        "aws-spot" => return (request.host_part == "eu-central-1").then(|| aws_spot(path.contains("NextToken"))),
        "azure-retail" => return azure(request),
        "azure-skus" if request.tag == "subscriptions" => AZURE_SUBSCRIPTIONS,
        "azure-skus" => AZURE_SKUS,
        "gcp-catalog" => return gcp(request),
        "gcp-machine-types" if request.tag == "projects" => GCP_PROJECTS,
        "gcp-machine-types" => GCP_TYPES,
        "oci-price-list" => OCI,
        "hetzner" if path == "/v1/pricing" => HETZNER_PRICING,
        "hetzner" if path.starts_with("/v1/locations") => HETZNER_LOCATIONS,
        "hetzner" if path.contains("page=1") => HETZNER_TYPES_1,
        "hetzner" => HETZNER_TYPES_2,
        "digitalocean" if path.ends_with("page=1") => DIGITALOCEAN_1,
        "digitalocean" => DIGITALOCEAN_2,
        "akamai" => return akamai(request),
        "vultr" if request.tag == "metal" => VULTR_METAL,
        "vultr" if request.tag == "databases" => VULTR_DATABASES,
        "vultr" if path.contains("cursor=") => VULTR_2,
        "vultr" => VULTR_1,
        "scaleway" if request.note == "fr-par-1 1" => SCALEWAY,
        "scaleway-catalog" => SCALEWAY_CATALOG,
        "ovh-catalog" => OVH,
        "upcloud" if request.tag == "plans" => UPCLOUD_PLANS,
        "upcloud" => UPCLOUD_PRICES,
        "exoscale" => EXOSCALE,
        "flyio" => FLY,
        _ => return None,
    };
    Some(found.to_owned())
}

/// A product of an offer file or a list: SKU, family and attributes.
fn product(sku: &str, family: &str, attributes: &str) -> String {
    format!(r#"{{"sku":"{sku}","productFamily":"{family}","attributes":{{{attributes}}}}}"#)
}

fn dimension(sku: &str, term: &str, rate: &str, unit: &str, range: (&str, &str), usd: &str) -> String {
    let (from, to) = range;
    format!(
        r#""{sku}.{term}.{rate}":{{"rateCode":"{sku}.{term}.{rate}","unit":"{unit}","beginRange":"{from}","endRange":"{to}","description":"$","appliesTo":[],"pricePerUnit":{{"USD":"{usd}"}}}}"#
    )
}

fn term(sku: &str, term: &str, attributes: &str, dimensions: &str) -> String {
    format!(
        r#""{sku}.{term}":{{"offerTermCode":"{term}","sku":"{sku}","effectiveDate":"2026-09-01T00:00:00Z","priceDimensions":{{{dimensions}}},"termAttributes":{{{attributes}}}}}"#
    )
}

const M7I: &str = r#""servicecode":"AmazonEC2","regionCode":"eu-central-1","locationType":"AWS Region","instanceType":"m7i.large","vcpu":"2","memory":"8 GiB","physicalProcessor":"Intel Xeon Scalable (Sapphire Rapids)","operatingSystem":"Linux","preInstalledSw":"NA","licenseModel":"No License required","tenancy":"Shared","capacitystatus":"Used","marketoption":"OnDemand","usagetype":"EUC1-BoxUsage:m7i.large","operation":"RunInstances""#;

/// SKU, product, on-demand terms, reserved terms.
pub fn aws_rows() -> Vec<(&'static str, String, String, String)> {
    let hourly = |sku: &str, usd: &str| {
        term(sku, "JRTCKXETXF", "", &dimension(sku, "JRTCKXETXF", "6YS6EN2CT7", "Hrs", ("0", "Inf"), usd))
    };
    let reserved = |sku: &str, code: &str, lease: &str, option: &str, once: &str, hour: &str| {
        let attributes =
            format!(r#""LeaseContractLength":"{lease}","OfferingClass":"standard","PurchaseOption":"{option}""#);
        let parts = [
            dimension(sku, code, "2TG2D8R56U", "Quantity", ("0", "Inf"), once),
            dimension(sku, code, "6YS6EN2CT7", "Hrs", ("0", "Inf"), hour),
        ];
        term(sku, code, &attributes, &parts.join(","))
    };
    let commitments = [
        reserved("SKU0000000000001", "4NA7Y494T4", "1yr", "No Upfront", "0", "0.0799"),
        reserved("SKU0000000000001", "HU7G6KETJZ", "1yr", "Partial Upfront", "300", "0.0300"),
        reserved("SKU0000000000001", "NQ3QZPMQV9", "3yr", "All Upfront", "1314", "0"),
    ];
    let egress = [("0", "10240", "0.09", "A"), ("10240", "51200", "0.085", "B"), ("51200", "Inf", "0.07", "C")];
    let egress =
        egress.map(|(from, to, usd, rate)| dimension("SKU0000000000004", "JRTCKXETXF", rate, "GB", (from, to), usd));
    vec![
        (
            "SKU0000000000001",
            product("SKU0000000000001", "Compute Instance", M7I),
            hourly("SKU0000000000001", "0.1207000000"),
            commitments.join(","),
        ),
        (
            "SKU0000000000002",
            product("SKU0000000000002", "Compute Instance", &M7I.replace(r#""Linux""#, r#""Windows""#)),
            hourly("SKU0000000000002", "0.2127000000"),
            String::new(),
        ),
        (
            "SKU0000000000003",
            product(
                "SKU0000000000003",
                "NAT Gateway",
                r#""servicecode":"AmazonEC2","regionCode":"eu-central-1","locationType":"AWS Region","usagetype":"EUC1-NatGateway-Hours""#,
            ),
            hourly("SKU0000000000003", "0.0520000000"),
            String::new(),
        ),
        (
            "SKU0000000000004",
            product(
                "SKU0000000000004",
                "Data Transfer",
                r#""servicecode":"AWSDataTransfer","fromLocationType":"AWS Region","fromRegionCode":"eu-central-1","transferType":"AWS Outbound","toLocation":"External","toLocationType":"Other","usagetype":"EUC1-DataTransfer-Out-Bytes""#,
            ),
            term("SKU0000000000004", "JRTCKXETXF", "", &egress.join(",")),
            String::new(),
        ),
        (
            "SKU0000000000005",
            product(
                "SKU0000000000005",
                "Data Transfer",
                r#""servicecode":"AWSDataTransfer","fromLocationType":"AWS Region","fromRegionCode":"eu-central-1","transferType":"IntraRegion","toLocation":"","usagetype":"EUC1-DataTransfer-Regional-Bytes""#,
            ),
            term(
                "SKU0000000000005",
                "JRTCKXETXF",
                "",
                &dimension("SKU0000000000005", "JRTCKXETXF", "R", "GB", ("0", "Inf"), "0.0100000000"),
            ),
            String::new(),
        ),
        (
            "SKU0000000000006",
            product(
                "SKU0000000000006",
                "Cache Instance",
                r#""servicecode":"AmazonElastiCache","regionCode":"eu-central-1","locationType":"AWS Region","instanceType":"cache.m7g.large","vcpu":"2","memory":"6.38 GiB","cacheEngine":"Redis","usagetype":"EUC1-NodeUsage:cache.m7g.large""#,
            ),
            hourly("SKU0000000000006", "0.1880000000"),
            String::new(),
        ),
    ]
}

/// An offer file of those products, with `terms` after `products` as AWS writes it, or before.
pub fn aws_offer_file(terms_first: bool) -> String {
    let rows = aws_rows();
    let products: Vec<String> = rows.iter().map(|(sku, product, _, _)| format!(r#""{sku}":{product}"#)).collect();
    let on_demand: Vec<String> = rows.iter().map(|(sku, _, terms, _)| format!(r#""{sku}":{{{terms}}}"#)).collect();
    let reserved = rows.iter().filter(|row| !row.3.is_empty());
    let reserved: Vec<String> = reserved.map(|(sku, _, _, terms)| format!(r#""{sku}":{{{terms}}}"#)).collect();
    let products = format!(r#""products":{{{}}}"#, products.join(","));
    let terms = format!(r#""terms":{{"OnDemand":{{{}}},"Reserved":{{{}}}}}"#, on_demand.join(","), reserved.join(","));
    let (first, second) = if terms_first { (terms, products) } else { (products, terms) };
    format!(
        r#"{{"formatVersion":"v1.0","disclaimer":"x","offerCode":"AmazonEC2","version":"20260921194712","publicationDate":"2026-09-21T19:47:12Z",{first},{second},"attributesList":{{}}}}"#
    )
}

/// Two brokers, one of which is of another kind, and their disk.
fn aws_kafka_file() -> String {
    let rows = [
        ("SKU0000000000011", r#""usagetype":"EUC1-Kafka.m5.large","vcpu":"2","memory":"8 GiB""#, "Hrs", "0.25"),
        ("SKU0000000000012", r#""usagetype":"EUC1-Express.m7g.large""#, "Hrs", "0.5"),
        ("SKU0000000000013", r#""usagetype":"EUC1-Kafka.Storage.GP2","storageFamily":"GP2""#, "GB-Mo", "0.119"),
    ];
    let family = "Managed Streaming for Apache Kafka (MSK)";
    let attributes = r#""servicecode":"AmazonMSK","regionCode":"eu-central-1","locationType":"AWS Region","#;
    let products =
        rows.map(|(sku, more, _, _)| format!(r#""{sku}":{}"#, product(sku, family, &format!("{attributes}{more}"))));
    let terms = rows.map(|(sku, _, unit, usd)| {
        let price = dimension(sku, "JRTCKXETXF", "6YS6EN2CT7", unit, ("0", "Inf"), usd);
        format!(r#""{sku}":{{{}}}"#, term(sku, "JRTCKXETXF", "", &price))
    });
    format!(
        r#"{{"formatVersion":"v1.0","offerCode":"AmazonMSK","products":{{{}}},"terms":{{"OnDemand":{{{}}}}}}}"#,
        products.join(","),
        terms.join(",")
    )
}

fn aws_offers(request: &Request) -> Option<String> {
    if request.note == "AmazonEC2" {
        let file = r#"{"formatVersion":"v1.0","regions":{"eu-central-1":{"regionCode":"eu-central-1","currentVersionUrl":"/offers/v1.0/aws/AmazonEC2/20260921194712/eu-central-1/index.json"},"cn-north-1-pkx-1":{"regionCode":"cn-north-1-pkx-1","currentVersionUrl":"/offers/v1.0/aws/AmazonEC2/20260921194712/cn-north-1-pkx-1/index.json"}}}"#;
        return Some(file.to_owned());
    }
    if request.tag == "index" {
        let service = &request.note;
        return Some(format!(
            r#"{{"formatVersion":"v1.0","regions":{{"eu-central-1":{{"regionCode":"eu-central-1","currentVersionUrl":"/offers/v1.0/aws/{service}/1/eu-central-1/index.json"}}}}}}"#
        ));
    }
    if request.note == "AmazonMSK eu-central-1" {
        return Some(aws_kafka_file());
    }
    let empty = r#"{"formatVersion":"v1.0","offerCode":"x","products":{},"terms":{"OnDemand":{}}}"#;
    Some(if request.note == "AmazonEC2 eu-central-1" { aws_offer_file(false) } else { empty.to_owned() })
}

fn aws_price_list(request: &Request) -> Option<String> {
    if request.note != "0" {
        return Some(r#"{"FormatVersion":"aws_v1","PriceList":[]}"#.to_owned());
    }
    let rows = aws_rows();
    let second = String::from_utf8_lossy(request.post.as_deref()?).contains("NextToken");
    let half = if second { &rows[3..] } else { &rows[..3] };
    let entries = half.iter().map(|(_, product, on_demand, reserved)| {
        format!(r#"{{"product":{product},"serviceCode":"AmazonEC2","terms":{{"OnDemand":{{{on_demand}}},"Reserved":{{{reserved}}}}},"version":"1","publicationDate":"2026-09-21T19:47:12Z"}}"#)
    });
    let entries: Vec<String> = entries.map(|entry| serde_json::Value::String(entry).to_string()).collect();
    let next = if second { "" } else { r#","NextToken":"AAMA-EFRSURBSGhoR2""# };
    Some(format!(r#"{{"FormatVersion":"aws_v1","PriceList":[{}]{next}}}"#, entries.join(",")))
}

fn aws_spot(second: bool) -> String {
    let item = |zone: &str, price: &str, time: &str, product: &str| {
        format!(
            "<item><instanceType>m7i.large</instanceType><productDescription>{product}</productDescription><spotPrice>{price}</spotPrice><timestamp>{time}</timestamp><availabilityZone>{zone}</availabilityZone></item>"
        )
    };
    let (items, token) = if second {
        (item("eu-central-1c", "0.060000", "2026-11-22T01:00:00.000Z", "Linux/UNIX"), "<nextToken/>")
    } else {
        let items = [
            item("eu-central-1a", "0.040000", "2026-11-21T01:00:00.000Z", "Linux/UNIX"),
            item("eu-central-1a", "0.050000", "2026-11-22T02:00:00.000Z", "Linux/UNIX"),
            item("eu-central-1b", "0.055000", "2026-11-22T01:00:00.000Z", "Linux/UNIX"),
            item("eu-central-1b", "0.155000", "2026-11-22T01:00:00.000Z", "Windows"),
            item("eu-central-1-ham-1a", "0.900000", "2026-11-22T01:00:00.000Z", "Linux/UNIX"),
        ];
        (items.concat(), "<nextToken>AAHcNbVWluvVeerM53</nextToken>")
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DescribeSpotPriceHistoryResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>1</requestId><spotPriceHistorySet>{items}</spotPriceHistorySet>{token}</DescribeSpotPriceHistoryResponse>"
    )
}

/// One row of the Retail Prices API.
fn azure_row(sku: &str, product: &str, kind: &str, price: &str, rest: &str) -> String {
    format!(
        r#"{{"currencyCode":"USD","tierMinimumUnits":0.0,"retailPrice":{price},"unitPrice":{price},"armRegionName":"eastus","location":"US East","effectiveStartDate":"2021-11-01T00:00:00Z","meterId":"m {sku} {kind} {price}","meterName":"D2s v5","productId":"P","skuId":"P/{sku}","productName":"{product}","skuName":"{sku}","serviceName":"Virtual Machines","serviceId":"DZH313Z7MMC8","serviceFamily":"Compute","unitOfMeasure":"1 Hour","type":"{kind}","isPrimaryMeterRegion":true,"armSkuName":"Standard_D2s_v5"{rest}}}"#
    )
}

fn azure(request: &Request) -> Option<String> {
    let linux = "Virtual Machines Dsv5 Series";
    let wrap = |items: &[String], next: &str| {
        let count = items.len();
        Some(format!(
            r#"{{"BillingCurrency":"USD","CustomerEntityId":"Default","CustomerEntityType":"Retail","Items":[{}],"NextPageLink":{next},"Count":{count}}}"#,
            items.join(",")
        ))
    };
    if request.path.contains("%27eastus%27%20and%20priceType%20eq%20%27Consumption") {
        if request.path.contains("skip=") {
            return wrap(
                &[
                    azure_row("D2s v5 Low Priority", linux, "Consumption", "0.0192", ""),
                    azure_row("D2s v5", "Cloud Services Dsv5 CloudServices", "Consumption", "0.11", ""),
                    azure_row("D2s v5 future", linux, "Consumption", "0.5", "").replace("2021-11-01", "2031-11-01"),
                    azure_row("D2s v5", linux, "Consumption", "0.096", ""),
                ],
                "null",
            );
        }
        let next = format!(r#""https://prices.azure.com:443{}&$skip=1000""#, request.path);
        return wrap(
            &[
                azure_row("D2s v5", linux, "Consumption", "0.096", ""),
                azure_row("D2s v5", &format!("{linux} Windows"), "Consumption", "0.188", ""),
                azure_row("D2s v5 Spot", linux, "Consumption", "0.0189120", ""),
                azure_row("D2s v5 zero", linux, "Consumption", "0.0", "").replace("D2s_v5\"", "D4s_v5\""),
            ],
            &next,
        );
    }
    if request.path.contains("%27eastus%27%20and%20priceType%20eq%20%27Reservation") {
        return wrap(
            &[
                azure_row("D2s v5", linux, "Reservation", "438.0", r#","reservationTerm":"1 Year""#),
                azure_row("D2s v5", linux, "Reservation", "876.0", r#","reservationTerm":"3 Years""#),
            ],
            "null",
        );
    }
    if request.path.contains("Bandwidth") {
        let step = |from: &str, price: &str| {
            azure_row("Standard", "Rtn Preference: MGN", "Consumption", price, "")
                .replace(r#""meterName":"D2s v5""#, r#""meterName":"Standard Data Transfer Out""#)
                .replace(r#""tierMinimumUnits":0.0"#, &format!(r#""tierMinimumUnits":{from}"#))
                .replace("Virtual Machines\"", "Bandwidth\"")
                .replace("1 Hour", "1 GB")
        };
        return wrap(&[step("0.0", "0.0"), step("100.0", "0.087"), step("10240.0", "0.083")], "null");
    }
    wrap(&azure_services(&request.path), "null")
}

/// Rows of the services that are no machines, by the filter that is asked for.
fn azure_services(path: &str) -> Vec<String> {
    let row = |service: &str, product: &str, (sku, meter): (&str, &str), price: &str, unit: &str| {
        azure_row(sku, product, "Consumption", price, "")
            .replace(r#""meterName":"D2s v5""#, &format!(r#""meterName":"{meter}""#))
            .replace(r#""serviceName":"Virtual Machines""#, &format!(r#""serviceName":"{service}""#))
            .replace("1 Hour", unit)
            .replace(r#""armSkuName":"Standard_D2s_v5""#, r#""armSkuName":"""#)
    };
    let (hour, pg) = ("1 Hour", "Azure Database for PostgreSQL");
    if path.contains("Database%20for%20PostgreSQL%27") {
        let general = "Azure Database for PostgreSQL Flexible Server General Purpose Ddsv5 Series Compute";
        return vec![
            row(pg, general, ("2 vCore", "vCore"), "0.178", hour),
            row(pg, &general.replace("Flexible Server", "Flex Server"), ("4 vCore", "vCore"), "0.356", hour),
            row(pg, &general.replace("Purpose Ddsv5", "Purpose - Dsv9"), ("2 vCore", "vCore"), "0.2", hour),
            row(
                pg,
                "Azure Database for PostgreSQL Flexible Server Burstable BS Series Compute",
                ("B1MS", "B1MS"),
                "0.017",
                hour,
            ),
            row(
                pg,
                "Az DB for PostgreSQL Flexible Server Storage",
                ("Storage", "Storage Data Stored"),
                "0.115",
                "1 GB/Month",
            ),
            row(
                pg,
                "Azure Database for PostgreSQL Single Server Basic - Compute Gen5",
                ("2 vCore", "vCore"),
                "0.3333",
                hour,
            ),
        ];
    }
    if path.contains("Database%20for%20MySQL%27") {
        let product = "Azure Database for MySQL Flexible Server General Purpose Dadsv5 Series Compute";
        return vec![row("Azure Database for MySQL", product, ("2 vCore", "vCore"), "0.171", hour)];
    }
    if path.contains("Redis") {
        let redis = "Redis Cache";
        return vec![
            row(redis, "Azure Redis Cache Standard", ("C3", "C3 Cache"), "0.225", hour),
            row(redis, "Azure Redis Cache Basic", ("C4", "C4 Cache"), "0.21", hour),
            row(redis, "Azure Redis Cache Premium", ("P1", "P1 Cache Instance"), "0.277", hour),
            row(redis, "Azure Managed Redis - Memory Optimized", ("M10", "M10 Cache Instance"), "0.216", hour),
        ];
    }
    if path.contains("Event%20Hubs") {
        return vec![
            row("Event Hubs", "Event Hubs", ("Standard", "Standard Throughput Unit"), "0.03", hour),
            row("Event Hubs", "Event Hubs", ("Standard", "Standard Ingress Events"), "0.028", "1M"),
        ];
    }
    if path.contains("P4%20LRS") {
        return vec![row("Storage", "Premium SSD Managed Disks", ("P4 LRS", "P4 LRS Disk"), "5.28", "1/Month")];
    }
    Vec::new()
}

const AZURE_SUBSCRIPTIONS: &str =
    r#"{"value":[{"subscriptionId":"00000000-0000-0000-0000-000000000001","state":"Enabled"}]}"#;
const AZURE_SKUS: &str = r#"{"value":[
 {"resourceType":"virtualMachines","name":"Standard_D2s_v5","capabilities":[{"name":"vCPUs","value":"2"},{"name":"MemoryGB","value":"8"},{"name":"CpuArchitectureType","value":"x64"}]},
 {"resourceType":"virtualMachines","name":"Standard_E64-16s_v3","capabilities":[{"name":"vCPUs","value":"64"},{"name":"vCPUsAvailable","value":"16"},{"name":"MemoryGB","value":"432"},{"name":"CpuArchitectureType","value":"x64"}]},
 {"resourceType":"disks","name":"Premium_LRS"}]}"#;

const GCP_PROJECTS: &str = r#"{"projects":[{"projectId":"example-project","lifecycleState":"ACTIVE"}]}"#;
const GCP_TYPES: &str = r#"{"items":[{"name":"e2-standard-2","guestCpus":2,"memoryMb":8192,"isSharedCpu":false,"architecture":"X86_64"},{"name":"e2-micro","guestCpus":2,"memoryMb":1024,"isSharedCpu":true,"architecture":"X86_64"},{"name":"t2a-standard-1","guestCpus":1,"memoryMb":4096,"isSharedCpu":false,"architecture":"ARM64"}]}"#;

fn gcp_sku(id: &str, text: &str, group: &str, usage: &str, unit: &str, nanos: u32) -> String {
    format!(
        r#"{{"name":"services/6F81-5844-456A/skus/{id}","skuId":"{id}","description":"{text}","category":{{"serviceDisplayName":"Compute Engine","resourceFamily":"Compute","resourceGroup":"{group}","usageType":"{usage}"}},"serviceRegions":["us-central1"],"pricingInfo":[{{"summary":"","effectiveTime":"2026-09-23T07:00:00Z","currencyConversionRate":1,"pricingExpression":{{"usageUnit":"{unit}","displayQuantity":1,"tieredRates":[{{"startUsageAmount":0,"unitPrice":{{"currencyCode":"USD","units":"0","nanos":{nanos}}}}}]}}}}],"serviceProviderName":"Google"}}"#
    )
}

fn gcp(request: &Request) -> Option<String> {
    if request.tag == "services" {
        return Some(r#"{"services":[{"name":"services/6F81-5844-456A","serviceId":"6F81-5844-456A","displayName":"Compute Engine"},{"name":"services/5AF5-2C11-D467","serviceId":"5AF5-2C11-D467","displayName":"Cloud Memorystore for Redis"},{"name":"services/0000-0000-0000","serviceId":"0000-0000-0000","displayName":"Something else"}],"nextPageToken":""}"#.to_owned());
    }
    if request.path.contains("5AF5-2C11-D467") {
        let sku = |id, text, nanos| {
            gcp_sku(id, text, "Redis", "OnDemand", "GiBy.h", nanos)
                .replace("Compute Engine", "Cloud Memorystore for Redis")
        };
        let basic = sku("E1", "Redis Capacity Basic M2 Iowa", 27_500_000);
        let standard = sku("E2", "Redis Capacity Standard M2 Iowa", 55_000_000);
        return Some(format!(r#"{{"skus":[{basic},{standard}],"nextPageToken":""}}"#));
    }
    if request.path.contains("pageToken") {
        let ram = gcp_sku("A2", "E2 Instance Ram running in Americas", "RAM", "OnDemand", "GiBy.h", 2_923_530);
        let custom = gcp_sku("A9", "E2 Custom Instance Core running in Americas", "CPU", "OnDemand", "h", 99_000_000);
        let n1 =
            gcp_sku("B1", "N1 Predefined Instance Core running in Americas", "N1Standard", "OnDemand", "h", 31_611_000);
        let n1_ram = gcp_sku(
            "B2",
            "N1 Predefined Instance Ram running in Americas",
            "N1Standard",
            "OnDemand",
            "GiBy.h",
            4_237_000,
        );
        return Some(format!(r#"{{"skus":[{ram},{custom},{n1},{n1_ram}],"nextPageToken":""}}"#));
    }
    let core = gcp_sku("A1", "E2 Instance Core running in Americas", "CPU", "OnDemand", "h", 21_811_590);
    let disk = gcp_sku("C1", "Balanced PD Capacity", "SSD", "OnDemand", "GiBy.mo", 100_000_000);
    let commit = gcp_sku("D1", "Commitment v1: E2 Cpu in Americas for 1 Year", "CPU", "Commit1Yr", "h", 13_741_000);
    let commit_ram =
        gcp_sku("D2", "Commitment v1: E2 Ram in Americas for 1 Year", "RAM", "Commit1Yr", "GiBy.h", 1_842_000);
    Some(format!(r#"{{"skus":[{core},{disk},{commit},{commit_ram}],"nextPageToken":"NTAwMA=="}}"#))
}

const OCI: &str = r#"{"lastUpdated":"2026-01-05T13:27:33.583Z","items":[
 {"partNumber":"B97384","displayName":"Compute - Standard - E5 - OCPU","metricName":"OCPU Per Hour","serviceCategory":"Compute","currencyCodeLocalizations":[{"currencyCode":"USD","prices":[{"model":"PAY_AS_YOU_GO","value":0.03}]}]},
 {"partNumber":"B97385","displayName":"Compute - Standard - E5 - Memory","metricName":"Gigabyte Per Hour","serviceCategory":"Compute","currencyCodeLocalizations":[{"currencyCode":"USD","prices":[{"model":"PAY_AS_YOU_GO","value":0.002}]}]},
 {"partNumber":"B93297","displayName":"Compute - Standard - A1 - OCPU","metricName":"OCPU Per Hour","serviceCategory":"Compute","currencyCodeLocalizations":[{"currencyCode":"USD","prices":[{"model":"PAY_AS_YOU_GO","value":0,"rangeMin":0,"rangeMax":3000},{"model":"PAY_AS_YOU_GO","value":0.01,"rangeMin":3000,"rangeMax":999999999999999}]}]},
 {"partNumber":"B93298","displayName":"Compute - Standard - A1 - Memory","metricName":"Gigabyte Per Hour","serviceCategory":"Compute","currencyCodeLocalizations":[{"currencyCode":"USD","prices":[{"model":"PAY_AS_YOU_GO","value":0,"rangeMin":0,"rangeMax":18000},{"model":"PAY_AS_YOU_GO","value":0.0015,"rangeMin":18000,"rangeMax":999999999999999}]}]},
 {"partNumber":"B88327","displayName":"Outbound Data Transfer","metricName":"Gigabyte Outbound Data Transfer Per Month","serviceCategory":"Networking","currencyCodeLocalizations":[{"currencyCode":"USD","prices":[{"model":"PAY_AS_YOU_GO","value":0,"rangeMin":0,"rangeMax":10240},{"model":"PAY_AS_YOU_GO","value":0.0085,"rangeMin":10240,"rangeMax":999999999999999}]}]}]}"#;

const HETZNER_PRICING: &str = r#"{"pricing":{"currency":"EUR","vat_rate":"19.000000","image":{"price_per_gb_month":{"net":"0.0143000000","gross":"0.0170170000"}},"volume":{"price_per_gb_month":{"net":"0.0572000000","gross":"0.0680680000"}},"primary_ips":[{"type":"ipv4","prices":[{"location":"fsn1","price_hourly":{"net":"0.0008","gross":"0.0010"},"price_monthly":{"net":"0.5000000000","gross":"0.5950000000"}}]},{"type":"ipv6","prices":[]}],"load_balancer_types":[{"id":1,"name":"lb11","prices":[{"location":"fsn1","price_hourly":{"net":"0.0120","gross":"0.0143"},"price_monthly":{"net":"7.4900000000","gross":"8.9131000000"},"included_traffic":21990232555520,"price_per_tb_traffic":{"net":"1.0000000000","gross":"1.1900000000"}}]}]}}"#;
const HETZNER_LOCATIONS: &str = r#"{"locations":[{"id":1,"name":"fsn1","country":"DE","city":"Falkenstein","latitude":50.47612,"longitude":12.370071,"network_zone":"eu-central"}],"meta":{"pagination":{"page":1,"per_page":50,"next_page":null,"last_page":1,"total_entries":1}}}"#;
const HETZNER_TYPES_1: &str = r#"{"server_types":[{"id":114,"name":"cx23","category":"cost_optimized","cores":2,"cpu_type":"shared","memory":4,"disk":40,"architecture":"x86","deprecated":false,"prices":[{"location":"fsn1","price_hourly":{"net":"0.0088000000","gross":"0.0104720000"},"price_monthly":{"net":"5.4900000000","gross":"6.5331000000"},"included_traffic":21990232555520,"price_per_tb_traffic":{"net":"1.0000000000","gross":"1.1900000000"}}],"locations":[{"id":1,"name":"fsn1","available":true,"deprecation":null}]}],"meta":{"pagination":{"page":1,"per_page":50,"next_page":2,"last_page":2,"total_entries":2}}}"#;
const HETZNER_TYPES_2: &str = r#"{"server_types":[{"id":45,"name":"cax11","category":"cost_optimized","cores":2,"cpu_type":"shared","memory":4.0,"disk":40,"architecture":"arm","deprecated":false,"prices":[{"location":"fsn1","price_hourly":{"net":"0.0096000000","gross":"0.0114240000"},"price_monthly":{"net":"5.9900000000","gross":"7.1281000000"},"included_traffic":21990232555520,"price_per_tb_traffic":{"net":"1.0000000000","gross":"1.1900000000"}}],"locations":[{"id":1,"name":"fsn1","available":true,"deprecation":null}]}],"meta":{"pagination":{"page":2,"per_page":50,"next_page":null,"last_page":2,"total_entries":2}}}"#;

const DIGITALOCEAN_1: &str = r#"{"sizes":[{"slug":"s-2vcpu-4gb","memory":4096,"vcpus":2,"disk":80,"transfer":4.0,"price_monthly":24.0,"price_hourly":0.03571,"regions":["ams3","fra1"],"available":true,"description":"Basic","disk_info":[{"type":"local","size":{"amount":80,"unit":"gib"}}]}],"links":{"pages":{"next":"https://api.digitalocean.com/v2/sizes?page=2&per_page=200"}},"meta":{"total":2}}"#;
const DIGITALOCEAN_2: &str = r#"{"sizes":[{"slug":"c-2","memory":4096,"vcpus":2,"disk":25,"transfer":4.0,"price_monthly":42.0,"price_hourly":0.0625,"regions":["fra1"],"available":true,"description":"CPU-Optimized"},{"slug":"sold-out","memory":4096,"vcpus":2,"disk":25,"transfer":4.0,"price_monthly":42.0,"price_hourly":0.0625,"regions":[],"available":true,"description":"Basic"}],"links":{"pages":{}},"meta":{"total":2}}"#;

fn akamai(request: &Request) -> Option<String> {
    let page = |rows: &str| Some(format!(r#"{{"data":[{rows}],"page":1,"pages":1,"results":1}}"#));
    match request.note.as_str() {
        "linode/types" if request.path.contains("?page=1&") => Some(r#"{"data":[{"id":"g6-standard-2","label":"Linode 4GB","class":"standard","price":{"hourly":0.036,"monthly":24.0},"region_prices":[{"id":"id-cgk","hourly":0.0432,"monthly":28.8}],"memory":4096,"disk":81920,"transfer":4000,"vcpus":2,"gpus":0,"network_out":4000}],"page":1,"pages":2,"results":2}"#.to_owned()),
        "linode/types" => Some(r#"{"data":[{"id":"g6-nanode-1","label":"Nanode 1GB","class":"nanode","price":{"hourly":0.0075,"monthly":5.0},"region_prices":[],"memory":1024,"disk":25600,"transfer":1000,"vcpus":1,"gpus":0,"network_out":1000}],"page":2,"pages":2,"results":2}"#.to_owned()),
        "databases/types" => page(r#"{"id":"g6-standard-1","label":"DBaaS 2GB","class":"standard","memory":2048,"disk":51200,"vcpus":1,"engines":{"mysql":[{"quantity":1,"price":{"hourly":0.045,"monthly":30.0}}],"postgresql":[{"quantity":3,"price":{"hourly":0.105,"monthly":70.0}}]}}"#),
        "nodebalancers/types" => page(r#"{"id":"nodebalancer","price":{"hourly":0.015,"monthly":10.0},"region_prices":[{"id":"id-cgk","hourly":0.018,"monthly":12.0}],"transfer":0}"#),
        "volumes/types" => page(r#"{"id":"volume","price":{"hourly":0.00015,"monthly":0.1},"region_prices":[],"transfer":0}"#),
        "lke/types" => page(r#"{"id":"lke-sa","price":{"hourly":0.0,"monthly":0.0},"region_prices":[],"transfer":0},{"id":"lke-ha","price":{"hourly":0.09,"monthly":60.0},"region_prices":[],"transfer":0}"#),
        "network-transfer/prices" => page(r#"{"id":"network_transfer","price":{"hourly":0.005,"monthly":null},"region_prices":[{"id":"id-cgk","hourly":0.015,"monthly":null}],"transfer":0}"#),
        _ => page(""),
    }
}

const VULTR_1: &str = r#"{"plans":[{"id":"vc2-2c-4gb","vcpu_count":2,"ram":4096,"disk":80,"disk_count":1,"bandwidth":3072,"monthly_cost":20,"hourly_cost":0.027,"monthly_cost_preemptible":20,"hourly_cost_preemptible":0.027,"deploy_ondemand":true,"deploy_preemptible":false,"type":"vc2","locations":["ewr","fra","sao"],"location_cost":{"sao":{"monthly_cost":30,"hourly_cost":0.041}},"cpu_vendor":"Intel","gpu_brand":"none"}],"meta":{"total":2,"links":{"next":"bmV4dA==","prev":""}}}"#;
const VULTR_2: &str = r#"{"plans":[{"id":"vhf-1c-1gb","vcpu_count":1,"ram":1024,"disk":32,"disk_count":1,"bandwidth":1024,"monthly_cost":6,"hourly_cost":0.008,"deploy_ondemand":true,"deploy_preemptible":false,"type":"vhf","locations":["ewr"],"location_cost":{},"cpu_vendor":"Intel","gpu_brand":"none"}],"meta":{"total":2,"links":{"next":"","prev":""}}}"#;
const VULTR_METAL: &str = r#"{"plans_metal":[{"id":"vbm-8c-gpu","cpu_count":8,"cpu_threads":16,"cpu_manufacturer":"AMD","ram":131072,"disk":960,"disk_count":2,"bandwidth":10240,"monthly_cost":1500,"hourly_cost":2.2,"monthly_cost_preemptible":900,"hourly_cost_preemptible":1.2,"type":"NVMe","deploy_ondemand":true,"deploy_preemptible":true,"locations":["ewr"],"gpu_brand":"NVIDIA","gpu_type":"NVIDIA_L40S","gpu_count":1}],"meta":{"total":1,"links":{"next":"","prev":""}}}"#;
const VULTR_DATABASES: &str = r#"{"plans":[{"id":"vultr-dbaas-hobbyist-cc-1-25-1","number_of_nodes":1,"disk":25,"locations":["AMS"],"monthly_cost":15,"ram":1024,"supported_engines":{"mysql":true,"pg":true,"valkey":false,"kafka":false},"type":"vc2","vcpu_count":1}],"meta":{"total":1}}"#;

const SCALEWAY: &str = r#"{"servers":{"DEV1-S":{"hourly_price":0.0088,"monthly_price":6.424,"ncpus":2,"ram":2147483648,"arch":"x86_64","gpu":0,"end_of_service":false},"POP2-2C-8G":{"hourly_price":0.0735,"monthly_price":53.66,"ncpus":2,"ram":8589934592,"arch":"x86_64","gpu":0}},"total_count":2}"#;
const SCALEWAY_CATALOG: &str = r#"{"products":[{"sku":"/compute/dev1_s/run_fr-par-1","service_category":"Compute","product_category":"Instance","product":"DEV1-S","status":"general_availability","locality":{"global":null,"region":null,"zone":"fr-par-1","datacenter":null},"price":{"retail_price":{"currency_code":"EUR","units":0,"nanos":8800000}},"properties":{"instance":{"range":"Development","offer_id":"DEV1-S"}},"unit_of_measure":{"unit":"hour","size":1}},{"sku":"/compute/play2_nano/run_fr-par-2","locality":{"zone":"fr-par-2"},"price":{"retail_price":{"currency_code":"EUR","units":0,"nanos":450000}},"properties":{"instance":{"range":"Play","offer_id":"PLAY2-NANO"}},"unit_of_measure":{"unit":"minute","size":1}},{"sku":"/network/lb_gp_m/run_fr-par-1","locality":{"zone":"fr-par-1"},"price":{"retail_price":{"currency_code":"EUR","units":0,"nanos":53000000}},"properties":{"load_balancer":{"node":{"offer_id":"LB-GP-M","multi_cloud_provider":false,"bandwidth":1000000000},"ipv4":null}},"unit_of_measure":{"unit":"hour","size":1}}],"total_count":3}"#;

const OVH: &str = r#"{"catalogId":9694,"locale":{"currencyCode":"EUR","subsidiary":"IE","taxRate":23},"plans":[],"products":[],"addons":[
 {"planCode":"b3-8.consumption","invoiceName":"b3-8","product":"publiccloud-instance","pricings":[{"capacities":["consumption"],"interval":1,"intervalUnit":"hour","price":5080000,"commitment":0,"mode":"default","type":"consumption"}],"blobs":{"technical":{"cpu":{"cores":2},"memory":{"size":8},"storage":{"disks":[{"capacity":50,"number":1,"technology":"NVMe"}]},"os":{"family":"linux"}},"tags":["active"]}},
 {"planCode":"win-b3-8.consumption","invoiceName":"win-b3-8","product":"publiccloud-instance","pricings":[{"capacities":["consumption"],"interval":1,"intervalUnit":"hour","price":9080000,"mode":"default","type":"consumption"}],"blobs":{"technical":{"os":{"family":"windows"}}}},
 {"planCode":"b3-8.monthly.postpaid","invoiceName":"b3-8","product":"publiccloud-instance","pricings":[{"capacities":["renew"],"interval":1,"intervalUnit":"month","price":1800000000,"mode":"default","type":"rental"}]},
 {"planCode":"volume.classic.consumption","invoiceName":"volume","product":"publiccloud-volume","pricings":[{"capacities":["consumption"],"interval":1,"intervalUnit":"hour","price":5900,"mode":"default","type":"consumption"}]},
 {"planCode":"volume.classic.consumption.3AZ","invoiceName":"volume","product":"publiccloud-volume","pricings":[{"capacities":["consumption"],"interval":1,"intervalUnit":"hour","price":8850,"mode":"default","type":"consumption"}]}],"planFamilies":[]}"#;

const UPCLOUD_PLANS: &str = r#"{"plans":{"plan":[{"core_number":2,"memory_amount":4096,"name":"PREMIUM-2xCPU-4GB","public_traffic_out":3072,"storage_size":50,"storage_tier":"maxiops","family":"premium"}]}}"#;
const UPCLOUD_PRICES: &str = r#"{"prices":{"currency":"EUR","zone":[{"name":"de-fra1","ipv4_address":{"amount":1,"price":0.4812},"public_ipv4_bandwidth_out":{"amount":1,"price":1},"server_memory":{"amount":256,"price":0.14},"server_plan_PREMIUM-2xCPU-4GB":{"amount":1,"price":3.56},"storage_maxiops":{"amount":1,"price":0.031}}]}}"#;

const EXOSCALE: &str = r#"{"chf":{"running_medium":"0.04667"},"eur":{"running_medium":"0.04667"},"usd":{"running_medium":"0.05000","running_cpu_extra_large":"0.25000","snapshot":"0.0001"}}"#;
const FLY: &str = r#"{"data":{"platform":{"regions":[{"code":"ams","name":"Amsterdam, Netherlands","latitude":52.37,"longitude":4.9,"gatewayAvailable":true,"deprecated":false},{"code":"iad","name":"Ashburn, Virginia (US)","latitude":39.02,"longitude":-77.5,"gatewayAvailable":true,"deprecated":false}],"vmSizes":[{"name":"shared-cpu-1x","cpuCores":1,"memoryMb":256},{"name":"performance-2x","cpuCores":2,"memoryMb":4096}]}}}"#;
