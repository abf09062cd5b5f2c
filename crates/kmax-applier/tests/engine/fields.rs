//! Every field that a template or a group has, and how each is changed: by the config and by hand.

use ByConfig::{Cannot, Edit, Release};
use Does::{Own, Set, Unset};

/// A pool that says something of every setting.
pub(crate) const POOL: &str = r#"
[specs.mem]
vcpus = "8"
memory_gib = "64..80"

[teams.dsp]
tags = { cost-center = "1001" }

[teams.dsp.pools.8c64g]
min = 0
max = 60
spec = "mem"
instance_profile = "kmax-worknode"
security_groups = ["spotmax-kmax-worknode-sg"]
subnets = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"]
volume = { size_gib = 100, type = "gp3", encrypted = true, iops = 4000, throughput_mibps = 200, kms_key = "alias/kmax" }
labels = { "example.com/owner" = "platform" }
taints = [{ key = "dedicated", value = "dsp", effect = "NoSchedule" }]
kubelet = { max_pods = 110 }
metadata_hop_limit = 2
"#;

/// The pool's name.
pub(crate) const NAME: &str = "dsp-8c64g-kmax";

/// How the config changes a field.
#[derive(Clone, Copy)]
pub(crate) enum ByConfig {
    /// By other words in [`POOL`].
    Edit(&'static [(&'static str, &'static str)]),
    /// By a new release of the image in the lock.
    Release,
    /// It does not, and why.
    Cannot(&'static str),
}

/// What a person does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Does {
    /// Sets a field: `KIND.FIELD` and its value.
    Set(&'static str, &'static str),
    /// Takes a field away.
    Unset(&'static str),
    /// Makes a version with that field of that value, which becomes the default or which the
    /// group pins.
    Own(&'static str, &'static str),
    /// Has a group's tag propagated to instances.
    Propagate(&'static str),
    /// Ends the first node.
    EndNode,
}

/// What a person does, and the fields that drift then names; none is a thing that kmax leaves alone.
#[derive(Clone, Copy)]
pub(crate) struct Hand {
    pub(crate) does: Does,
    pub(crate) names: &'static [&'static str],
}

const fn hand(does: Does, names: &'static [&'static str]) -> Hand {
    Hand { does, names }
}

/// One field, or all fields under a prefix that ends in `*`.
pub(crate) struct Case {
    pub(crate) path: &'static str,
    pub(crate) config: ByConfig,
    pub(crate) hands: &'static [Hand],
}

const fn case(path: &'static str, config: ByConfig, hands: &'static [Hand]) -> Case {
    Case { path, config, hands }
}

const SAME: ByConfig = Cannot("every pool has the same value");
const NEVER: ByConfig = Cannot("kmax never writes it");
const FIXED: ByConfig = Cannot("the capacity type is fixed for the life of a pool");
const NAMED: ByConfig = Cannot("it names the pool: another is another pool");
const LIVES: ByConfig = Cannot("it moves by itself and is nobody's setting");
const NO_HAND: &[Hand] = &[];

/// The fields of a template's content. A version is immutable, so a hand can only make another and
/// have it used: `Own` stands for both ways, and what drift names then is the default version or the
/// version that the group pins.
const CONTENT: &[Case] = &[
    case("image_id", Release, &[hand(Own("image_id", "ami-0123456789abcdef0"), &[])]),
    case(
        "instance_profile",
        Edit(&[("instance_profile = \"kmax-worknode\"", "instance_profile = \"other\"")]),
        &[hand(Own("instance_profile", "other"), &[])],
    ),
    case(
        "security_group_ids",
        Edit(&[("[\"spotmax-kmax-worknode-sg\"]", "[\"spotmax-kmax-master-sg\"]")]),
        &[hand(Own("security_group_ids", ""), &[])],
    ),
    case(
        "user_data*",
        Edit(&[("max_pods = 110", "max_pods = 58")]),
        &[hand(Own("user_data", "#!/bin/sh\ntrue\n"), &[])],
    ),
    case(
        "block_devices./dev/xvda.size_gib",
        Edit(&[("size_gib = 100", "size_gib = 200")]),
        &[hand(Own("block_devices./dev/xvda.size_gib", "50"), &[])],
    ),
    case(
        "block_devices./dev/xvda.volume_type",
        Edit(&[("type = \"gp3\"", "type = \"io2\""), (", throughput_mibps = 200", "")]),
        &[hand(Own("block_devices./dev/xvda.volume_type", "gp2"), &[])],
    ),
    case(
        "block_devices./dev/xvda.iops",
        Edit(&[("iops = 4000", "iops = 5000")]),
        &[hand(Own("block_devices./dev/xvda.iops", "3000"), &[])],
    ),
    case(
        "block_devices./dev/xvda.throughput_mibps",
        Edit(&[("throughput_mibps = 200", "throughput_mibps = 250")]),
        &[hand(Own("block_devices./dev/xvda.throughput_mibps", "125"), &[])],
    ),
    case(
        "block_devices./dev/xvda.encrypted",
        Edit(&[("encrypted = true", "encrypted = false"), (", kms_key = \"alias/kmax\"", "")]),
        &[hand(Own("block_devices./dev/xvda.encrypted", "false"), &[])],
    ),
    case(
        "block_devices./dev/xvda.kms_key",
        Edit(&[("alias/kmax", "alias/other")]),
        &[hand(Own("block_devices./dev/xvda.kms_key", "alias/mine"), &[])],
    ),
    case(
        "block_devices./dev/xvda.delete_on_termination",
        SAME,
        &[hand(Own("block_devices./dev/xvda.delete_on_termination", "false"), &[])],
    ),
    case(
        "block_devices./dev/xvda.snapshot_id",
        NEVER,
        &[hand(Own("block_devices./dev/xvda.snapshot_id", "snap-0123456789abcdef0"), &[])],
    ),
    case("metadata.http_endpoint", SAME, &[hand(Own("metadata.http_endpoint", "disabled"), &[])]),
    case("metadata.http_tokens", SAME, &[hand(Own("metadata.http_tokens", "optional"), &[])]),
    case(
        "metadata.hop_limit",
        Edit(&[("metadata_hop_limit = 2", "metadata_hop_limit = 1")]),
        &[hand(Own("metadata.hop_limit", "64"), &[])],
    ),
    case(
        "metadata.instance_metadata_tags",
        SAME,
        // `enabled` fails at the launch, where tag keys hold a `/`.
        &[],
    ),
    case(
        "tag_specifications.instance.*",
        Edit(&[("cost-center = \"1001\"", "cost-center = \"1002\", purpose = \"batch\"")]),
        &[hand(Own("tag_specifications.instance.mine", "yes"), &[])],
    ),
    case(
        "tag_specifications.volume.*",
        Edit(&[("cost-center = \"1001\"", "purpose = \"batch\"")]),
        &[hand(Own("tag_specifications.volume.team", "other"), &[])],
    ),
    case(
        "tag_specifications.network-interface.*",
        Edit(&[("{ cost-center = \"1001\" }", "{}")]),
        &[hand(Own("tag_specifications.network-interface.team", "other"), &[])],
    ),
    case("other.*", NEVER, &[hand(Own("other.EbsOptimized", "true"), &[])]),
];

/// The fields of a template itself.
const TEMPLATE: &[Case] = &[
    case("id", Cannot("EC2 makes it up"), NO_HAND),
    case(
        "default_version",
        Cannot("it follows the version that the group pins, as every case of content shows"),
        &[hand(Own("metadata.hop_limit", "3"), &[])],
    ),
    case("latest_version", Cannot("EC2 counts it"), &[hand(Own("metadata.hop_limit", "3"), &[])]),
    case(
        "tags.kmax:cluster",
        NAMED,
        &[hand(Unset("launch_template.tags.kmax:cluster"), &["launch_template.tags.kmax:cluster"])],
    ),
    case(
        "tags.kmax:stack",
        NAMED,
        &[hand(Unset("launch_template.tags.kmax:stack"), &["launch_template.tags.kmax:stack"])],
    ),
    case(
        "tags.kmax:pool",
        NAMED,
        &[
            hand(Unset("launch_template.tags.kmax:pool"), &["launch_template.tags.kmax:pool"]),
            hand(
                Set("launch_template.tags.kmax:pool", "adn/small"),
                &["launch_template.tags.kmax:pool"],
            ),
        ],
    ),
    case("tags.*", NEVER, &[hand(Set("launch_template.tags.mine", "yes"), &[])]),
];

/// The fields of a group.
const GROUP: &[Case] = &[
    case("name", NAMED, NO_HAND),
    case("status", LIVES, NO_HAND),
    case(
        "min_size",
        Edit(&[("min = 0", "min = 2")]),
        &[hand(Set("auto_scaling_group.min", "1"), &["auto_scaling_group.min_size"])],
    ),
    case(
        "max_size",
        Edit(&[("max = 60", "max = 70")]),
        &[hand(Set("auto_scaling_group.max", "7"), &["auto_scaling_group.max_size"])],
    ),
    case("desired_capacity", LIVES, &[hand(Set("auto_scaling_group.desired", "3"), &[])]),
    case("instances", LIVES, &[hand(Does::EndNode, &[])]),
    case(
        "other",
        NEVER,
        &[hand(Set("auto_scaling_group.other.HealthCheckGracePeriod", "300"), &[])],
    ),
    case(
        "launch_template.name",
        NAMED,
        &[hand(
            Set("auto_scaling_group.launch_template.name", "somebodys"),
            &["auto_scaling_group.launch_template.name"],
        )],
    ),
    case(
        "launch_template.version",
        Cannot("it follows the content, as every case of content shows"),
        &[
            hand(
                Set("auto_scaling_group.launch_template.version", "$Latest"),
                &["auto_scaling_group.launch_template.version"],
            ),
            hand(
                Set("auto_scaling_group.launch_template.version", "$Default"),
                &["auto_scaling_group.launch_template.version"],
            ),
        ],
    ),
    case(
        "instance_types",
        Edit(&[("vcpus = \"8\"", "vcpus = \"8\"\nexclude = [\"r5.2xlarge\"]")]),
        &[hand(
            Set("auto_scaling_group.instance_types", "r6i.2xlarge,r5.2xlarge"),
            &["auto_scaling_group.instance_types"],
        )],
    ),
    case(
        "distribution.on_demand_base",
        FIXED,
        &[hand(
            Set("auto_scaling_group.distribution.on_demand_base", "1"),
            &["auto_scaling_group.distribution.on_demand_base"],
        )],
    ),
    case(
        "distribution.on_demand_percentage",
        FIXED,
        &[hand(
            Set("auto_scaling_group.distribution.on_demand_percentage", "50"),
            &["auto_scaling_group.distribution.on_demand_percentage"],
        )],
    ),
    case(
        "distribution.on_demand_allocation",
        SAME,
        &[hand(
            Set("auto_scaling_group.distribution.on_demand_allocation", "prioritized"),
            &["auto_scaling_group.distribution.on_demand_allocation"],
        )],
    ),
    case(
        "distribution.spot_allocation",
        SAME,
        &[hand(
            Set("auto_scaling_group.distribution.spot_allocation", "capacity-optimized"),
            &["auto_scaling_group.distribution.spot_allocation"],
        )],
    ),
    case(
        "distribution.spot_pools",
        NEVER,
        // Auto Scaling takes it with the strategy `lowest-price` alone.
        &[hand(
            Set("auto_scaling_group.distribution.spot_pools", "4"),
            &[
                "auto_scaling_group.distribution.spot_allocation",
                "auto_scaling_group.distribution.spot_pools",
            ],
        )],
    ),
    case(
        "distribution.spot_max_price",
        NEVER,
        &[hand(
            Set("auto_scaling_group.distribution.spot_max_price", "0.5"),
            &["auto_scaling_group.distribution.spot_max_price"],
        )],
    ),
    case(
        "subnets",
        Edit(&[(
            "[\"subnet-0aaaaaaaaaaaaaaaa\", \"subnet-0bbbbbbbbbbbbbbbb\"]",
            "[\"subnet-0cccccccccccccccc\"]",
        )]),
        &[hand(
            Set("auto_scaling_group.subnets", "subnet-0aaaaaaaaaaaaaaaa"),
            &["auto_scaling_group.subnets"],
        )],
    ),
    case(
        "suspended_processes.AZRebalance",
        SAME,
        &[hand(
            Unset("auto_scaling_group.suspended_processes.AZRebalance"),
            &["auto_scaling_group.suspended_processes.AZRebalance"],
        )],
    ),
    case(
        "suspended_processes.*",
        NEVER,
        &[hand(Set("auto_scaling_group.suspended_processes.HealthCheck", "true"), &[])],
    ),
    case(
        "capacity_rebalance",
        SAME,
        &[hand(
            Set("auto_scaling_group.capacity_rebalance", "true"),
            &["auto_scaling_group.capacity_rebalance"],
        )],
    ),
    case(
        "max_instance_lifetime",
        SAME,
        &[hand(
            Set("auto_scaling_group.max_instance_lifetime", "86400"),
            &["auto_scaling_group.max_instance_lifetime"],
        )],
    ),
    case(
        "new_instances_protected",
        NEVER,
        &[hand(Set("auto_scaling_group.new_instances_protected", "true"), &[])],
    ),
];

/// The tags of a group.
const GROUP_TAGS: &[Case] = &[
    case(
        "tags.Name",
        NAMED,
        &[
            hand(Set("auto_scaling_group.tags.Name", "x"), &["auto_scaling_group.tags.Name"]),
            hand(Unset("auto_scaling_group.tags.Name"), &["auto_scaling_group.tags.Name"]),
        ],
    ),
    case(
        "tags.team",
        NAMED,
        &[hand(Set("auto_scaling_group.tags.team", "x"), &["auto_scaling_group.tags.team"])],
    ),
    case(
        "tags.cost-center",
        Edit(&[("cost-center = \"1001\"", "cost-center = \"1002\"")]),
        &[
            hand(
                Set("auto_scaling_group.tags.cost-center", "9"),
                &["auto_scaling_group.tags.cost-center"],
            ),
            hand(
                Unset("auto_scaling_group.tags.cost-center"),
                &["auto_scaling_group.tags.cost-center"],
            ),
            hand(Does::Propagate("cost-center"), &["auto_scaling_group.tags.cost-center"]),
        ],
    ),
    case("tags.*", NEVER, &[hand(Set("auto_scaling_group.tags.mine", "yes"), &[])]),
    case(
        "tags.kmax:cluster",
        NAMED,
        &[hand(
            Unset("auto_scaling_group.tags.kmax:cluster"),
            &["auto_scaling_group.tags.kmax:cluster"],
        )],
    ),
    case(
        "tags.kmax:stack",
        NAMED,
        &[hand(
            Unset("auto_scaling_group.tags.kmax:stack"),
            &["auto_scaling_group.tags.kmax:stack"],
        )],
    ),
    case(
        "tags.kmax:pool",
        NAMED,
        &[hand(Unset("auto_scaling_group.tags.kmax:pool"), &["auto_scaling_group.tags.kmax:pool"])],
    ),
    case(
        "tags.kmax:applied",
        Cannot("it records the other fields"),
        &[
            hand(
                Unset("auto_scaling_group.tags.kmax:applied"),
                &["auto_scaling_group.tags.kmax:applied"],
            ),
            hand(
                Set("auto_scaling_group.tags.kmax:applied", "v1 lt=9"),
                &["auto_scaling_group.tags.kmax:applied"],
            ),
        ],
    ),
    case(
        "tags.k8s.io/cluster-autoscaler/enabled",
        SAME,
        &[
            hand(
                Unset("auto_scaling_group.tags.k8s.io/cluster-autoscaler/enabled"),
                &["auto_scaling_group.tags.k8s.io/cluster-autoscaler/enabled"],
            ),
            hand(
                Set("auto_scaling_group.tags.k8s.io/cluster-autoscaler/enabled", "false"),
                &["auto_scaling_group.tags.k8s.io/cluster-autoscaler/enabled"],
            ),
        ],
    ),
    case(
        "tags.k8s.io/cluster-autoscaler/adx-prod",
        SAME,
        &[hand(
            Unset("auto_scaling_group.tags.k8s.io/cluster-autoscaler/adx-prod"),
            &["auto_scaling_group.tags.k8s.io/cluster-autoscaler/adx-prod"],
        )],
    ),
    case(
        "tags.k8s.io/cluster-autoscaler/*",
        NEVER,
        // All tags under that prefix are kmax's, also those that it never wrote.
        &[hand(
            Set("auto_scaling_group.tags.k8s.io/cluster-autoscaler/node-template/gpu", "1"),
            &["auto_scaling_group.tags.k8s.io/cluster-autoscaler/node-template/gpu"],
        )],
    ),
    case(
        "tags.k8s.io/cluster-autoscaler/node-template/label/*",
        Edit(&[("\"example.com/owner\" = \"platform\"", "\"example.com/owner\" = \"dsp\"")]),
        &[
            hand(
                Set(
                    "auto_scaling_group.tags.k8s.io/cluster-autoscaler/node-template/label/example.com/owner",
                    "x",
                ),
                &[
                    "auto_scaling_group.tags.k8s.io/cluster-autoscaler/node-template/label/example.com/owner",
                ],
            ),
            hand(
                Set(
                    "auto_scaling_group.tags.k8s.io/cluster-autoscaler/node-template/label/mine",
                    "x",
                ),
                &["auto_scaling_group.tags.k8s.io/cluster-autoscaler/node-template/label/mine"],
            ),
        ],
    ),
    case(
        "tags.k8s.io/cluster-autoscaler/node-template/taint/*",
        Edit(&[("effect = \"NoSchedule\"", "effect = \"NoExecute\"")]),
        &[hand(
            Unset(
                "auto_scaling_group.tags.k8s.io/cluster-autoscaler/node-template/taint/dedicated",
            ),
            &["auto_scaling_group.tags.k8s.io/cluster-autoscaler/node-template/taint/dedicated"],
        )],
    ),
    case(
        "tags.k8s.io/cluster-autoscaler/node-template/resources/*",
        Edit(&[("max_pods = 110", "max_pods = 58")]),
        &[hand(
            Set(
                "auto_scaling_group.tags.k8s.io/cluster-autoscaler/node-template/resources/pods",
                "9",
            ),
            &["auto_scaling_group.tags.k8s.io/cluster-autoscaler/node-template/resources/pods"],
        )],
    ),
];

/// Returns every case with its full path, `KIND.PATH`.
pub(crate) fn cases() -> Vec<(String, &'static Case)> {
    let under = |kind: &'static str, cases: &'static [Case]| {
        cases.iter().map(move |case| (format!("{kind}.{}", case.path), case))
    };
    under("launch_template", CONTENT)
        .chain(under("launch_template", TEMPLATE))
        .chain(under("auto_scaling_group", GROUP))
        .chain(under("auto_scaling_group", GROUP_TAGS))
        .collect()
}

/// Returns the case of a path: the one that names most of it.
pub(crate) fn case_of(path: &str) -> Option<String> {
    let fits = |case: &String| match case.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => path == case,
    };
    cases().into_iter().map(|(path, _)| path).filter(fits).max_by_key(String::len)
}
