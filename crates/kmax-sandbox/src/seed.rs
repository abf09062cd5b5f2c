//! What an account holds in the beginning.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kmax_model::{Arch, EksCluster, Image, InstanceProfile, SecurityGroup, Subnet};
use serde::{Deserialize, Serialize};

use crate::state::{State, id_of};

/// What a sandbox is made for: the things that a config names, so that it works at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seed {
    /// The account id, 12 digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// The EKS cluster's name.
    pub cluster: String,
    /// The control plane's minor version.
    pub version: String,
    /// The VPC's id.
    pub vpc: String,
    /// Subnets by id or by the value of their tag `Name`; they lie in the zones a, b, c in turn.
    pub subnets: Vec<String>,
    /// Security groups by id or name.
    pub security_groups: Vec<String>,
    /// Instance profile to role.
    pub instance_profiles: BTreeMap<String, String>,
    /// Further images that are there: id to architecture.
    pub images: BTreeMap<String, Arch>,
}

impl Default for Seed {
    /// The cluster of the examples.
    fn default() -> Self {
        Self {
            account: "123456789012".into(),
            region: "us-east-1".into(),
            cluster: "adx-prod".into(),
            version: "1.34".into(),
            vpc: "vpc-0a1b2c3d4e5f60718".into(),
            subnets: [
                "subnet-0aaaaaaaaaaaaaaaa",
                "subnet-0bbbbbbbbbbbbbbbb",
                "subnet-0cccccccccccccccc",
            ]
            .map(str::to_owned)
            .to_vec(),
            security_groups: vec![
                "spotmax-kmax-master-sg".into(),
                "spotmax-kmax-worknode-sg".into(),
            ],
            instance_profiles: BTreeMap::from([("kmax-worknode".into(), "kmax-worknode".into())]),
            images: BTreeMap::new(),
        }
    }
}

const ZONES: [char; 3] = ['a', 'b', 'c'];

/// Returns whether a text is an id rather than a name.
fn is_id(prefix: &str, text: &str) -> bool {
    let rest = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
    rest.is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn named(name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("Name".to_owned(), name.to_owned())])
}

impl Seed {
    /// Returns the id of a thing of the VPC that is given by id or by name.
    fn id(&self, prefix: &str, id_or_name: &str) -> String {
        if is_id(prefix, id_or_name) {
            id_or_name.to_owned()
        } else {
            id_of(prefix, &format!("{}/{}/{id_or_name}", self.account, self.vpc))
        }
    }

    /// Makes the account.
    pub(crate) fn plant(&self) -> State {
        let mut state = State::default();
        state.meta.account.clone_from(&self.account);
        state.meta.region.clone_from(&self.region);
        self.complete(&mut state);
        state
    }

    /// Adds what is missing and returns what it added. What is there stays as it is.
    pub(crate) fn complete(&self, state: &mut State) -> Vec<String> {
        let mut added = Vec::new();
        let subnet_ids = self.add_subnets(state, &mut added);
        for name in &self.security_groups {
            let id = self.id("sg", name);
            let is_there = state.security_groups.contains(&id)
                || state.security_groups.values().any(|g| g.name == *name && g.vpc_id == self.vpc);
            if !is_there {
                let tags = named(name);
                let (name, vpc_id) = (name.clone(), self.vpc.clone());
                let group = SecurityGroup { id: id.clone(), name, vpc_id, tags };
                state.security_groups.insert(id.clone(), group);
                added.push(id);
            }
        }
        for (name, role) in &self.instance_profiles {
            if !state.profiles.contains(name) {
                let arn = format!("arn:aws:iam::{}:instance-profile/{name}", self.account);
                let roles = vec![role.clone()];
                let profile = InstanceProfile { name: name.clone(), arn, roles };
                state.profiles.insert(name.clone(), profile);
                added.push(name.clone());
            }
        }
        for (id, arch) in &self.images {
            if !state.images.contains(id) {
                let image = Image {
                    id: id.clone(),
                    name: format!("own-image-{arch}-{id}"),
                    architecture: arch.as_str().to_owned(),
                    state: "available".to_owned(),
                    deprecation_time: None,
                };
                state.images.insert(id.clone(), image);
                added.push(id.clone());
            }
        }
        if !state.clusters.contains(&self.cluster) {
            let cluster = self.eks_cluster(state, subnet_ids);
            state.clusters.insert(self.cluster.clone(), cluster);
            added.push(self.cluster.clone());
        }
        state.put_images();
        added
    }

    /// Adds the subnets; the region has three even where none is named.
    fn add_subnets(&self, state: &mut State, added: &mut Vec<String>) -> BTreeSet<String> {
        let unnamed = ["private-a", "private-b", "private-c"].map(str::to_owned).to_vec();
        let subnets = if self.subnets.is_empty() { &unnamed } else { &self.subnets };
        let mut ids = BTreeSet::new();
        for (name, letter) in subnets.iter().zip(ZONES.iter().cycle()) {
            let there = state.subnets.values().find(|subnet| {
                subnet.id == *name
                    || (subnet.vpc_id == self.vpc && subnet.tags.get("Name") == Some(name))
            });
            if let Some(subnet) = there {
                ids.insert(subnet.id.clone());
                continue;
            }
            let id = self.id("subnet", name);
            let subnet = Subnet {
                id: id.clone(),
                vpc_id: self.vpc.clone(),
                zone: format!("{}{letter}", self.region),
                free_addresses: 4_091,
                tags: named(name),
            };
            state.subnets.insert(id.clone(), subnet);
            added.push(id.clone());
            ids.insert(id);
        }
        ids
    }

    fn eks_cluster(&self, state: &mut State, subnet_ids: BTreeSet<String>) -> EksCluster {
        let seed = format!("{}/{}/{}", self.account, self.region, self.cluster);
        let security_group = SecurityGroup {
            id: id_of("sg", &format!("{seed}/cluster")),
            name: format!("eks-cluster-sg-{}", self.cluster),
            vpc_id: self.vpc.clone(),
            tags: BTreeMap::from([(
                format!("kubernetes.io/cluster/{}", self.cluster),
                "owned".into(),
            )]),
        };
        let host: String = id_of("eks", &seed).chars().skip(4).collect();
        let certificate = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            STANDARD.encode(format!("the certificate authority of {seed} in the sandbox"))
        );
        let cluster_security_group_id = Some(security_group.id.clone());
        state.security_groups.insert(security_group.id.clone(), security_group);
        EksCluster {
            name: self.cluster.clone(),
            status: "ACTIVE".to_owned(),
            version: self.version.clone(),
            endpoint: Some(format!(
                "https://{}.sk1.{}.eks.amazonaws.com",
                host.to_ascii_uppercase(),
                self.region
            )),
            certificate_authority: Some(STANDARD.encode(certificate)),
            service_cidr: Some("10.100.0.0/16".to_owned()),
            vpc_id: Some(self.vpc.clone()),
            subnet_ids,
            cluster_security_group_id,
            authentication_mode: Some("API_AND_CONFIG_MAP".to_owned()),
        }
    }
}
