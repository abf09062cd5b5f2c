//! Very many pools, without a cloud.

use std::collections::BTreeMap;

use kmax_config::{Config, Lock, LockEntry, LockImage, LockNode};
use kmax_model::{
    AutoScalingGroup, EksCluster, GroupTag, GroupWork, Image, Instance, InstanceProfile,
    LastApplied, LaunchSource, LaunchTemplate, MixedInstancesPolicy, Override, Read, SecurityGroup,
    Snapshot, Subnet, TAG_APPLIED, TemplateRef, TemplateState, TemplateVersion, TemplateWork, Work,
};
use kmax_planner::{Options, plan};

const HEAD: &str = r#"
format = 1

[cluster]
name = "adx-prod"
region = "us-east-1"
account = "123456789012"
version = "1.34"
role = "kmax"
vpc = "vpc-0a1b2c3d4e5f60718"
subnets = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb", "subnet-0cccccccccccccccc"]
security_groups = ["spotmax-kmax-master-sg"]

[defaults]
security_groups = ["spotmax-kmax-worknode-sg"]
node_role = "kmax-worknode"
instance_profile = "kmax-worknode"
labels = { tier = "hot" }
"#;

/// Pools in each team.
const TEAM: usize = 50;
/// Nodes of each pool.
const NODES: usize = 4;
const PARAMETERS: &str =
    "/aws/service/eks/optimized-ami/1.34/amazon-linux-2023/x86_64/standard/recommended";
const IMAGE: &str = "ami-0524ebbf9086796b1";

/// A config, its lock, and what lives.
pub(crate) struct Fleet {
    pub(crate) config: Config,
    pub(crate) lock: Lock,
    pub(crate) snapshot: Snapshot,
}

/// Returns the text of a config with so many pools.
pub(crate) fn config_text(pools: usize) -> String {
    let mut text = HEAD.to_owned();
    for index in 0..pools {
        if index % TEAM == 0 {
            let team = index / TEAM;
            text.push_str(&format!("[teams.t{team}]\ntags = {{ cost-center = \"{team}\" }}\n"));
            text.push_str(&format!("[teams.t{team}.pools]\n"));
        }
        text.push_str(&format!("p{index} = {{ spec = \"8c64g\", max = {} }}\n", 20 + index % 40));
    }
    text
}

impl Fleet {
    /// Makes so many pools that are locked and not there yet.
    pub(crate) fn new(pools: usize) -> Self {
        let config = Config::parse("kmax.toml", &config_text(pools), &|_| Err(String::new()));
        let config = config.expect("a valid config");
        let families = ["r5", "r5a", "r5b", "r5d", "r5dn", "r5n", "r6a", "r6i", "r6id", "r6idn"];
        let types: Vec<String> = families.iter().map(|f| format!("{f}.2xlarge")).collect();
        let entry = |pool: &kmax_config::Pool| LockEntry {
            inputs: LockEntry::inputs(pool),
            image: LockImage {
                id: IMAGE.to_owned(),
                release: Some("1.34.1-20260712".to_owned()),
                name: None,
            },
            instance_types: types.clone(),
            node: LockNode { vcpus: 8, memory_mib: 65_536, eni_max_pods: 58 },
        };
        let pools = config.pools.iter().map(|pool| (pool.id.clone(), entry(pool))).collect();
        let lock = Lock { pools, ..Lock::default() };
        Self { config, lock, snapshot: empty() }
    }

    /// Returns the fleet as it is once everything was applied.
    pub(crate) fn applied(&self) -> Self {
        let Self { config, lock, snapshot } = self;
        let changes = plan(config, lock, snapshot, &Options::default()).changes;
        let (mut templates, mut groups) = (BTreeMap::new(), BTreeMap::new());
        for (index, change) in changes.into_iter().enumerate() {
            let name = change.address.name;
            match change.work {
                Work::Template(TemplateWork::Create { data, tags }) => {
                    let version = TemplateVersion {
                        template_id: template_id(&name),
                        template_name: name.clone(),
                        number: 1,
                        description: data.description(),
                        data: *data,
                    };
                    let template = LaunchTemplate {
                        id: template_id(&name),
                        name: name.clone(),
                        default_version: 1,
                        latest_version: 1,
                        tags,
                    };
                    let versions = BTreeMap::from([(1, version)]);
                    templates.insert(name, TemplateState { template, versions, failure: None });
                }
                Work::Group(work) => {
                    if let GroupWork::Create { desired, applied, .. } = *work {
                        let applied = LastApplied { template_version: 1, ..applied };
                        groups.insert(name, group(&desired, &applied, index));
                    }
                }
                Work::Template(TemplateWork::Update { .. } | TemplateWork::Delete { .. }) => {}
            }
        }
        let (templates, groups) = (Read::Got(templates), Read::Got(groups));
        let snapshot = Snapshot { templates, groups, ..snapshot.clone() };
        Self { config: config.clone(), lock: lock.clone(), snapshot }
    }
}

fn template_id(name: &str) -> String {
    format!("lt-{name}")
}

fn group(
    desired: &kmax_model::DesiredGroup,
    applied: &LastApplied,
    index: usize,
) -> AutoScalingGroup {
    let tag = |value: &String| GroupTag { value: value.clone(), propagate_at_launch: false };
    let mut tags: BTreeMap<String, GroupTag> =
        desired.tags.iter().map(|(key, value)| (key.clone(), tag(value))).collect();
    tags.insert(TAG_APPLIED.to_owned(), tag(&applied.to_string()));
    let template = TemplateRef {
        id: template_id(&desired.name),
        name: desired.name.clone(),
        version: "1".to_owned(),
    };
    let instance = |number: usize| Instance {
        id: format!("i-{index:08x}{number:09x}"),
        instance_type: "r5.2xlarge".to_owned(),
        zone: "us-east-1a".to_owned(),
        lifecycle_state: "InService".to_owned(),
        health: "Healthy".to_owned(),
        template: Some(template.clone()),
        protected_from_scale_in: false,
    };
    AutoScalingGroup {
        name: desired.name.clone(),
        min_size: desired.min_size,
        max_size: desired.max_size,
        desired_capacity: NODES as u32,
        subnets: desired.subnets.clone(),
        suspended_processes: desired.suspended_processes.clone(),
        tags,
        instances: (0..NODES).map(instance).collect(),
        launch: LaunchSource::Mixed(MixedInstancesPolicy {
            template: template.clone(),
            overrides: desired.instance_types.iter().map(Override::of_type).collect(),
            distribution: desired.distribution.clone(),
        }),
        ..AutoScalingGroup::default()
    }
}

/// An account with a cluster and no pools.
fn empty() -> Snapshot {
    let vpc = || "vpc-0a1b2c3d4e5f60718".to_owned();
    let subnets = [("a", 'a'), ("b", 'b'), ("c", 'c')].map(|(letter, zone)| Subnet {
        id: format!("subnet-0{}", letter.repeat(16)),
        vpc_id: vpc(),
        zone: format!("us-east-1{zone}"),
        free_addresses: 4_091,
        tags: BTreeMap::new(),
    });
    let security_group = SecurityGroup {
        id: "sg-008dad15fc957afeb".to_owned(),
        name: "spotmax-kmax-worknode-sg".to_owned(),
        vpc_id: vpc(),
        tags: BTreeMap::new(),
    };
    let cluster = EksCluster {
        name: "adx-prod".to_owned(),
        status: "ACTIVE".to_owned(),
        version: "1.34".to_owned(),
        endpoint: Some("https://0123456789ABCDEF.sk1.us-east-1.eks.amazonaws.com".to_owned()),
        // As long as that of a real cluster.
        certificate_authority: Some("LS0tLS1CRUdJ".repeat(122)),
        service_cidr: Some("10.100.0.0/16".to_owned()),
        vpc_id: Some(vpc()),
        ..EksCluster::default()
    };
    let image = Image {
        id: IMAGE.to_owned(),
        name: "amazon-eks-node-al2023-x86_64-standard-1.34-v20260712".to_owned(),
        architecture: "x86_64".to_owned(),
        state: "available".to_owned(),
        deprecation_time: None,
    };
    let profile = InstanceProfile { name: "kmax-worknode".to_owned(), ..Default::default() };
    Snapshot {
        account: Read::Got("123456789012".to_owned()),
        cluster: Read::Got(Some(cluster)),
        subnets: Read::Got(subnets.to_vec()),
        security_groups: Read::Got(vec![security_group]),
        instance_profiles: BTreeMap::from([(profile.name.clone(), Read::Got(Some(profile)))]),
        groups: Read::Got(BTreeMap::new()),
        templates: Read::Got(BTreeMap::new()),
        images: Read::Got(BTreeMap::from([(IMAGE.to_owned(), image)])),
        parameters: Read::Got(BTreeMap::from([
            (format!("{PARAMETERS}/image_id"), IMAGE.to_owned()),
            (format!("{PARAMETERS}/release_version"), "1.34.1-20260712".to_owned()),
        ])),
        ..Snapshot::default()
    }
}
