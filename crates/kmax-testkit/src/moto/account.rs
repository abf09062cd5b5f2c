//! One account of the server, with the endpoints that prepare, disturb and look into it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Fault, Moto, http};

/// An account and one region of it. Every method panics where the server refuses, unless it says
/// otherwise.
#[derive(Clone, Debug)]
pub struct Account {
    moto: &'static Moto,
    id: String,
    region: String,
}

/// What a seeded account holds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Seeded {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The cluster's name.
    pub cluster: String,
    /// The VPC's id.
    pub vpc: String,
    /// Zone to subnet id.
    pub subnets: BTreeMap<String, String>,
    /// Zone to the subnet's tag `Name`.
    pub subnet_names: BTreeMap<String, String>,
    /// Name to security group id.
    pub security_groups: BTreeMap<String, String>,
    /// Name to role ARN.
    pub roles: BTreeMap<String, String>,
    /// The instance profile's name.
    pub instance_profile: String,
    /// The URL of the cluster's API server.
    pub endpoint: String,
}

/// The calls that were made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Calls {
    /// How many.
    pub total: u32,
    /// How many by `service:Operation`.
    pub counts: BTreeMap<String, u32>,
    /// All, in order.
    pub sequence: Vec<String>,
}

/// The server refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Refused {
    /// AWS's code, where AWS would have refused.
    #[serde(default)]
    pub code: String,
    /// Why.
    pub error: String,
}

impl Account {
    pub(super) fn new(moto: &'static Moto, id: String) -> Self {
        Self { moto, id, region: "us-east-1".to_owned() }
    }

    /// Turns to another region.
    #[must_use]
    pub fn in_region(self, region: impl Into<String>) -> Self {
        Self { region: region.into(), ..self }
    }

    /// Returns the account's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns where the server answers.
    pub fn url(&self) -> &str {
        self.moto.url()
    }

    /// Returns the id of the access key that belongs to the account; its secret is any text.
    pub fn access_key_id(&self) -> String {
        format!("AKIA{}KMAX", self.id)
    }

    /// Returns the environment in which a process of the AWS SDK works on this account.
    pub fn env(&self) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("AWS_ACCESS_KEY_ID", self.access_key_id()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_ENDPOINT_URL", self.url().to_owned()),
            ("AWS_REGION", self.region.clone()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ])
    }

    fn ask(&self, method: &str, path: &str, wish: Value) -> Result<Value, Refused> {
        let mut wish = wish;
        wish["account"] = json!(self.id);
        wish["region"] = json!(self.region);
        let path = format!("/kmax-test/{path}");
        let (status, body) = http::request(self.url(), method, &path, &wish.to_string());
        if status == 200 {
            return Ok(serde_json::from_str(&body)
                .unwrap_or_else(|error| panic!("{method} {path} answered {body}: {error}")));
        }
        Err(serde_json::from_str(&body)
            .unwrap_or(Refused { code: String::new(), error: format!("status {status}: {body}") }))
    }

    fn tell(&self, method: &str, path: &str, wish: Value) -> Value {
        self.ask(method, path, wish).unwrap_or_else(|refused| panic!("{path}: {}", refused.error))
    }

    /// Makes network, security groups, roles, profile and cluster. `wish` may name `cluster`,
    /// `zones` (letters), `security_groups`, `node_role`, `version` and the cluster's fields.
    pub fn seed(&self, wish: Value) -> Seeded {
        let answer = self.tell("POST", "seed", wish);
        serde_json::from_value(answer).expect("the answer of seed")
    }

    /// Empties the account.
    pub fn reset(&self) {
        self.tell("POST", "reset", json!({}));
    }

    /// Moves a group's desired capacity as Cluster Autoscaler would.
    pub fn scale(&self, group: &str, desired: u32) -> Value {
        self.tell("POST", "scale", json!({ "group": group, "desired": desired }))
    }

    /// Moves the recommended images to the `first` or `second` release.
    pub fn release(&self, release: &str) {
        self.tell("POST", "ssm/release", json!({ "release": release }));
    }

    /// Changes an image: `image_id`, and `state`, `deprecation_time` or `deregister`.
    pub fn image(&self, wish: Value) {
        self.tell("POST", "images", wish);
    }

    /// Changes a cluster: `cluster`, and `status`, `version`, `endpoint`, `authentication_mode` ...
    pub fn cluster(&self, wish: Value) {
        self.tell("POST", "eks", wish);
    }

    /// Sets `deleting_reads` or `max_groups`.
    pub fn settings(&self, wish: Value) {
        self.tell("POST", "settings", wish);
    }

    /// Makes templates of somebody else: `count`, `prefix`, `versions`, `data`, `tags`.
    pub fn templates(&self, wish: Value) {
        self.tell("POST", "templates", wish);
    }

    /// Orders a fault on this account's calls.
    pub fn fault(&self, fault: &Fault) {
        let mut wish = serde_json::to_value(fault).expect("a fault is JSON");
        // The number of hits is without end where it is null, the status AWS's own.
        if fault.status.is_none() {
            wish.as_object_mut().expect("a fault is an object").remove("status");
        }
        self.tell("POST", "faults", wish);
    }

    /// Forgets all orders of this account.
    pub fn clear_faults(&self) {
        self.tell("POST", "faults/clear", json!({}));
    }

    /// Returns the calls made since the last clear.
    pub fn calls(&self) -> Calls {
        let path = format!("calls?account={}", self.id);
        let answer = self.tell("GET", &path, json!({}));
        serde_json::from_value(answer).expect("the answer of calls")
    }

    /// Forgets the calls.
    pub fn clear_calls(&self) {
        self.tell("POST", "calls/clear", json!({}));
    }

    /// Makes any AWS call by AWS's name, `DescribeTags`, which no fault hits and no count shows: how
    /// a test tampers and looks.
    pub fn call(&self, service: &str, operation: &str, params: Value) -> Result<Value, Refused> {
        let mut wish = json!({ "service": service, "operation": operation });
        wish["params"] = params;
        self.ask("POST", "call", wish)
    }

    /// Returns all templates, groups, instances and tags, sorted.
    pub fn snapshot(&self) -> Value {
        let path = format!("snapshot?account={}&region={}", self.id, self.region);
        self.tell("GET", &path, json!({}))
    }
}
