//! The rules that a file is held to, each with its code.

use serde::{Serialize, Serializer};

/// Declares the rules: variant, code, and what the rule says.
macro_rules! rules {
    ($($variant:ident $code:literal $summary:literal,)+) => {
        /// A rule that a diagnostic names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $summary] $variant,)+
        }

        impl Rule {
            /// All rules, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code, in kebab case.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// What the rule says, as a sentence.
            pub fn summary(self) -> &'static str {
                match self {
                    $(Self::$variant => $summary,)+
                }
            }
        }
    };
}

rules! {
    Syntax "syntax" "The file is TOML.",
    UnknownKey "unknown-key" "Every key is one that kmax knows.",
    MissingKey "missing-key" "Every key that has no default is written.",
    WrongType "wrong-type" "A value is of the type that its key takes.",
    UnknownValue "unknown-value" "A word is one of those that its key takes.",
    OutOfRange "out-of-range" "A number is within the bounds of its key.",
    UnsupportedFormat "unsupported-format" "The file's format is one that this kmax reads.",
    InvalidName "invalid-name" "Names of teams, pools, clusters, stacks and the like keep to their characters and lengths.",
    InvalidId "invalid-id" "Ids of accounts, regions, VPCs, subnets, security groups and images have the shape that AWS gives them.",
    InvalidVersion "invalid-version" "Versions are written as their publishers write them.",
    InvalidPattern "invalid-pattern" "The pattern of pool names takes only the placeholders that kmax knows.",
    InvalidPoolName "invalid-pool-name" "A derived pool name is valid as a launch template, as a group and as a label value.",
    DuplicatePoolName "duplicate-pool-name" "Two pools never have one name.",
    Duplicate "duplicate" "A list names nothing twice.",
    UnknownSpec "unknown-spec" "A pool's spec is one that exists.",
    InvalidSpec "invalid-spec" "A spec is either a list of types or a size, with ranges that hold something.",
    ShadowedSpec "shadowed-spec" "A spec of the file does not take the name of a built-in one.",
    UnusedSpec "unused-spec" "A spec of the file is used by a pool.",
    MinAboveMax "min-above-max" "A pool's min is not above its max.",
    ZeroMax "zero-max" "A pool whose max is 0 never has a node.",
    LegacyVpc "legacy-vpc" "The cluster is in the VPC of the system that it must reach.",
    ForeignSubnet "foreign-subnet" "A pool's subnets are among the cluster's.",
    InvalidRole "invalid-role" "Roles and instance profiles are names, and nodes have another role than the control plane.",
    InvalidAmi "invalid-ami" "An image has at most one of release and id.",
    InvalidVolume "invalid-volume" "A volume keeps to the limits of its type.",
    UnencryptedVolume "unencrypted-volume" "Root volumes are encrypted.",
    InvalidLabel "invalid-label" "Node labels keep to Kubernetes's syntax and to what a kubelet may set on itself.",
    ReservedLabel "reserved-label" "Labels that kmax sets are not set by hand.",
    InvalidTaint "invalid-taint" "Taints keep to Kubernetes's syntax.",
    InvalidTag "invalid-tag" "Tags keep to AWS's limits.",
    ReservedTag "reserved-tag" "Tags that kmax, Kubernetes or AWS set are not set by hand.",
    TooManyTags "too-many-tags" "A group carries at most 50 tags, those that kmax sets included.",
    InvalidKubelet "invalid-kubelet" "Settings of the kubelet are quantities and thresholds that it takes.",
    MetadataHopLimit "metadata-hop-limit" "Pods that need instance metadata can reach it.",
    UnknownUnset "unknown-unset" "What `unset` names is a setting.",
    NothingToUnset "nothing-to-unset" "What `unset` names is set by an outer layer.",
    UnsetRequired "unset-required" "A setting that every pool needs is not taken away without another value.",
    InvalidUserData "invalid-user-data" "A part of the user data has exactly one source, and it can be read.",
    UnknownUserData "unknown-user-data" "A part of the user data that a pool names exists.",
    UnusedUserData "unused-user-data" "A part of the user data is used by a pool.",
    SecretInUserData "secret-in-user-data" "User data hold no private keys and no AWS access keys: every pod may read them.",
    InvalidAccess "invalid-access" "Users, groups, keys and sudo rules keep to their syntax.",
    UnknownGroup "unknown-group" "A user's groups exist.",
    UnknownAlias "unknown-alias" "An alias that a sudo rule names exists.",
    SudoPassword "sudo-password" "A sudo rule that asks for a password can't be met: users have none.",
    StackScope "stack-scope" "Only the stack `main` manages what the cluster has once.",
    InvalidFlag "invalid-flag" "A flag of cluster-autoscaler is written without dashes, and is not one that kmax sets.",
    VersionSkew "version-skew" "cluster-autoscaler is of the cluster's minor.",
    InvalidIdentity "invalid-identity" "cluster-autoscaler has exactly one identity.",
    InvalidCidr "invalid-cidr" "Address ranges are written as CIDR.",
    InvalidAccept "invalid-accept" "An accepted rule is named by its code, with a reason.",
    NoPools "no-pools" "The file has a pool.",
    InvalidLock "invalid-lock" "kmax.lock is as `kmax lock` writes it.",
    Internal "internal" "kmax's own checks agree with each other; where they don't, that is a defect of kmax.",
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}
