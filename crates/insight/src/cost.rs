//! The monthly cost of what is rendered for an environment, at the environment's own prices.
//!
//! cost = replicas × (cores × price of a core + GiB × price of a GiB) + storage + sizes of resource classes,
//! where replicas is the least that runs and cores and GiB are what is requested: what a cluster sets aside,
//! whether it is used or not.

use fairway_domain::cost::{CostEstimate, CostLine, Micros};
use fairway_domain::environment::{Environment, Prices, ResourceClass};
use fairway_domain::plan::PlannedResource;
use fairway_workload::Quantity;
use serde_json::Value;

use crate::decimal::{multiply, price};
use crate::footprint::{Footprint, footprint};

const NANO: i128 = 1_000_000_000;
const GIB: i128 = 1 << 30;

/// The label that says which resource of a workload an object belongs to.
const RESOURCE_LABEL: &str = "/metadata/labels/fairway.dev~1resource";

/// The estimate for one workload in one environment. `None` when the environment has no prices. What has no
/// price, or states no amount, is named in `unpriced`.
pub fn estimate(
    environment: &Environment,
    objects: &[Value],
    resources: &[PlannedResource],
    classes: &[ResourceClass],
) -> Option<CostEstimate> {
    let prices = environment.spec.prices.as_ref()?;
    let mut ledger = Ledger {
        environment: &environment.name,
        prices,
        estimate: CostEstimate { currency: prices.currency.clone(), ..CostEstimate::default() },
    };
    let mut covered = Vec::new();
    let mut open = Vec::new();
    for resource in resources {
        let class = classes.iter().find(|class| class.name == resource.class);
        let size = class.zip(resource.size.as_ref()).and_then(|(class, size)| class.spec.sizes.get(size));
        let item = format!("{} {}", resource.resource_type, resource.name);
        match size.and_then(|size| size.monthly).and_then(price) {
            Some(monthly) => {
                let size = resource.size.as_deref().unwrap_or_default();
                ledger.add(item, format!("{}, size {size}", resource.class), monthly);
                covered.push(resource.name.as_str());
            }
            // Of resources without a class, the objects say what they hold.
            None if class.is_some() => open.push((resource.name.as_str(), item)),
            None => {}
        }
    }
    for object in objects {
        let resource = object.pointer(RESOURCE_LABEL).and_then(Value::as_str);
        if resource.is_some_and(|resource| covered.contains(&resource)) {
            // The class's price covers its objects.
            continue;
        }
        match footprint(object, objects) {
            Ok(Some(found)) => {
                open.retain(|(name, _)| resource != Some(*name));
                ledger.add_footprint(&found);
            }
            Ok(None) => {}
            Err(reason) => ledger.leave_out(&reason),
        }
    }
    for (_, item) in open {
        ledger.leave_out(&item);
    }
    Some(ledger.estimate)
}

struct Ledger<'a> {
    environment: &'a str,
    prices: &'a Prices,
    estimate: CostEstimate,
}

impl Ledger<'_> {
    fn add(&mut self, item: String, basis: String, monthly: Micros) {
        self.estimate.monthly = self.estimate.monthly.plus(monthly);
        self.estimate.lines.push(CostLine { environment: self.environment.to_owned(), item, basis, monthly });
    }

    fn leave_out(&mut self, what: &str) {
        let what = format!("{}: {what}", self.environment);
        if !self.estimate.unpriced.contains(&what) {
            self.estimate.unpriced.push(what);
        }
    }

    fn add_footprint(&mut self, found: &Footprint) {
        let name = &found.name;
        let prices = self.prices;
        self.add_amount(
            format!("{name}: processor"),
            found,
            found.processor,
            ("cores", 1),
            prices.cpu_core_month,
        );
        self.add_amount(
            format!("{name}: memory"),
            found,
            found.memory,
            ("GiB", GIB),
            prices.memory_gib_month,
        );
        self.add_amount(
            format!("{name}: storage"),
            found,
            found.storage,
            ("GiB", GIB),
            prices.storage_gib_month,
        );
        for unknown in &found.unknown {
            self.leave_out(&format!("{name}: {unknown}"));
        }
    }

    fn add_amount(
        &mut self,
        item: String,
        found: &Footprint,
        amount: Quantity,
        (unit, size): (&str, i128),
        unit_price: f64,
    ) {
        let total = amount.times(found.replicas);
        if !amount.is_positive() {
            return;
        }
        let monthly =
            price(unit_price).and_then(|price| Some((price, multiply(total.nanos(), price, NANO * size)?)));
        let Some((price, monthly)) = monthly else { return self.leave_out(&item) };
        let shown = in_units(amount, size);
        let basis = format!("{} × {shown} {unit} × {price} {}", found.replicas, self.estimate.currency);
        self.add(item, basis, monthly);
    }
}

/// An amount in units, with at most three decimals, for people.
fn in_units(amount: Quantity, size: i128) -> String {
    let thousandths = (amount.nanos() * 1000 + NANO * size / 2) / (NANO * size);
    let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The sum of estimates; `None` when there are none. What is in another currency than the first is not added,
/// but named.
pub fn total(estimates: &[CostEstimate]) -> Option<CostEstimate> {
    let (first, rest) = estimates.split_first()?;
    let mut sum = first.clone();
    for estimate in rest {
        if estimate.currency == sum.currency {
            sum.monthly = sum.monthly.plus(estimate.monthly);
            sum.lines.extend(estimate.lines.iter().cloned());
        } else {
            sum.unpriced.push(format!("{} {} in another currency", estimate.monthly, estimate.currency));
        }
        for unpriced in &estimate.unpriced {
            if !sum.unpriced.contains(unpriced) {
                sum.unpriced.push(unpriced.clone());
            }
        }
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use fairway_domain::cost::Micros;
    use fairway_domain::environment::{Environment, ResourceClass};
    use fairway_domain::plan::PlannedResource;
    use serde_json::{Value, json};

    use super::{estimate, total};

    fn environment(prices: &Value) -> Environment {
        let mut spec = json!({
            "owner": "p", "order": 1, "delivery": {"repository": "a/b", "path": "c"},
            "namespace": "n", "domain": "d.example", "registry": "r.example",
        });
        if !prices.is_null() {
            spec["prices"] = prices.clone();
        }
        Environment {
            name: "staging".into(),
            title: "Staging".into(),
            spec: serde_json::from_value(spec).unwrap(),
        }
    }

    fn prices() -> Value {
        json!({"currency": "EUR", "cpuCoreMonth": 18.5, "memoryGibMonth": 2.4, "storageGibMonth": 0.1})
    }

    fn class(sizes: &Value) -> ResourceClass {
        let spec = json!({"owner": "p", "type": "postgres", "provider": "x", "sizes": sizes});
        ResourceClass {
            name: "pg".into(),
            title: "PostgreSQL".into(),
            spec: serde_json::from_value(spec).unwrap(),
        }
    }

    fn database(size: &str) -> PlannedResource {
        PlannedResource {
            name: "db".into(),
            resource_type: "postgres".into(),
            class: "pg".into(),
            provider: "x".into(),
            size: Some(size.into()),
        }
    }

    fn objects() -> Vec<Value> {
        vec![
            json!({"kind": "Deployment", "metadata": {"name": "orders", "namespace": "n"}, "spec": {"template": {"spec": {
                "containers": [{"name": "main", "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}}}],
            }}}}),
            json!({"kind": "HorizontalPodAutoscaler", "metadata": {"name": "orders", "namespace": "n"}, "spec": {
                "minReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "orders"},
            }}),
            json!({"kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "5Gi"}}}}),
            json!({"kind": "StatefulSet", "metadata": {"name": "pg", "labels": {"fairway.dev/resource": "db"}}, "spec": {"template": {"spec": {
                "containers": [{"name": "pg", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}],
            }}}}),
        ]
    }

    #[test]
    fn an_estimate_is_the_sum_of_its_lines() {
        let class = class(&json!({"small": {"monthly": 24.0}}));
        let found = estimate(&environment(&prices()), &objects(), &[database("small")], &[class]).unwrap();
        let lines: Vec<(&str, &str, String)> = found
            .lines
            .iter()
            .map(|line| (line.item.as_str(), line.basis.as_str(), line.monthly.to_string()))
            .collect();
        assert_eq!(
            lines,
            [
                ("postgres db", "pg, size small", "24.00".to_owned()),
                ("orders: processor", "3 × 0.25 cores × 18.50 EUR", "13.88".to_owned()),
                ("orders: memory", "3 × 0.5 GiB × 2.40 EUR", "3.60".to_owned()),
                ("data: storage", "1 × 5 GiB × 0.10 EUR", "0.50".to_owned()),
            ]
        );
        assert_eq!(found.monthly, Micros(41_975_000));
        assert_eq!(found.unpriced, Vec::<String>::new());
    }

    #[test]
    fn what_has_no_price_is_named() {
        assert_eq!(estimate(&environment(&Value::Null), &objects(), &[], &[]), None);
        let class = class(&json!({"small": {}}));
        let without_objects =
            estimate(&environment(&prices()), &[], &[database("small")], std::slice::from_ref(&class))
                .unwrap();
        assert_eq!(without_objects.unpriced, ["staging: postgres db"]);
        let with_objects =
            estimate(&environment(&prices()), &objects(), &[database("small")], &[class]).unwrap();
        assert_eq!(with_objects.unpriced, Vec::<String>::new(), "its objects say what they hold");
        assert_eq!(with_objects.lines.len(), 5);
    }

    #[test]
    fn totals_do_not_mix_currencies() {
        let one = estimate(&environment(&prices()), &objects(), &[], &[]).unwrap();
        let mut other = one.clone();
        other.currency = "USD".into();
        let sum = total(&[one.clone(), one.clone(), other]).unwrap();
        assert_eq!(sum.monthly, one.monthly.plus(one.monthly));
        assert_eq!(sum.unpriced.len(), 1);
        assert_eq!(total(&[]), None);
    }
}
