//! Words that kmax.toml takes where only some are allowed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Declares an enum whose variants are words of the file.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            JsonSchema,
        )]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// The word as the file has it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// The family of an image, which decides the format of the user data.
    AmiFamily {
        /// Amazon Linux 2023, optimized for EKS.
        Al2023 = "al2023",
        /// Bottlerocket.
        Bottlerocket = "bottlerocket",
        /// Amazon Linux 2, optimized for EKS; its last Kubernetes minor is 1.32.
        Al2 = "al2",
        /// Ubuntu 22.04 for EKS.
        Ubuntu2204 = "ubuntu-22.04",
        /// Ubuntu 24.04 for EKS.
        Ubuntu2404 = "ubuntu-24.04",
    }
}

words! {
    /// How a pool buys its nodes.
    CapacityWord {
        /// Spot instances only.
        Spot = "spot",
        /// On-demand instances only.
        OnDemand = "ondemand",
    }
}

impl From<CapacityWord> for kmax_model::CapacityType {
    fn from(word: CapacityWord) -> Self {
        match word {
            CapacityWord::Spot => Self::Spot,
            CapacityWord::OnDemand => Self::OnDemand,
        }
    }
}

words! {
    /// The processor architecture.
    ArchWord {
        /// 64-bit x86.
        X86_64 = "x86_64",
        /// 64-bit ARM.
        Arm64 = "arm64",
    }
}

impl From<ArchWord> for kmax_model::Arch {
    fn from(word: ArchWord) -> Self {
        match word {
            ArchWord::X86_64 => Self::X86_64,
            ArchWord::Arm64 => Self::Arm64,
        }
    }
}

words! {
    /// The EBS volume type.
    VolumeType {
        /// General purpose, third generation.
        Gp3 = "gp3",
        /// General purpose, second generation.
        Gp2 = "gp2",
        /// Provisioned IOPS, first generation.
        Io1 = "io1",
        /// Provisioned IOPS, second generation.
        Io2 = "io2",
    }
}

words! {
    /// What becomes of local disks.
    InstanceStore {
        /// They are left alone.
        None = "none",
        /// They are joined to one array for the container runtime and the kubelet.
        Raid0 = "raid0",
    }
}

words! {
    /// What pods without a toleration meet.
    TaintEffect {
        /// They are not scheduled.
        NoSchedule = "NoSchedule",
        /// They are scheduled only where nothing else is left.
        PreferNoSchedule = "PreferNoSchedule",
        /// They are not scheduled, and evicted where they run.
        NoExecute = "NoExecute",
    }
}

words! {
    /// How far kmax goes with an object that it does not own.
    EnsureMode {
        /// It is read and judged, never written.
        Verify = "verify",
        /// What is missing is created, what lacks is added; nothing is removed or rewritten.
        Ensure = "ensure",
        /// It is not looked at.
        Off = "off",
    }
}

words! {
    /// How far kmax goes with the access entry or aws-auth row of the node role.
    NodeAccessMode {
        /// It is added where it lacks.
        Ensure = "ensure",
        /// It is read and judged, never written.
        Verify = "verify",
        /// It is not looked at.
        Off = "off",
    }
}

words! {
    /// Whether kmax keeps the labels of running nodes.
    SwitchMode {
        /// They are kept as the config has them.
        Managed = "managed",
        /// They are left as they are.
        Off = "off",
    }
}

words! {
    /// How far kmax goes with an installation that is its own.
    ManageMode {
        /// It is installed and kept as the config has it.
        Managed = "managed",
        /// It is read and judged, never written.
        Verify = "verify",
        /// It is not looked at.
        Off = "off",
    }
}

words! {
    /// How far kmax goes with an installation that may be somebody's.
    InstallMode {
        /// It is installed unless somebody's is there.
        Ensure = "ensure",
        /// It is read and judged, never written.
        Verify = "verify",
        /// It is not looked at.
        Off = "off",
    }
}

words! {
    /// How the cluster maps IAM principals.
    AuthenticationMode {
        /// Access entries only.
        Api = "API",
        /// Access entries, and aws-auth beside them.
        ApiAndConfigMap = "API_AND_CONFIG_MAP",
        /// aws-auth only.
        ConfigMap = "CONFIG_MAP",
    }
}

words! {
    /// Where the cluster's API endpoint answers.
    EndpointAccess {
        /// To the internet.
        Public = "public",
        /// Within the VPC.
        Private = "private",
        /// To both.
        PublicAndPrivate = "public_and_private",
    }
}

words! {
    /// A log of the control plane.
    ControlPlaneLog {
        /// The API server.
        Api = "api",
        /// The audit log.
        Audit = "audit",
        /// The authenticator.
        Authenticator = "authenticator",
        /// The controller manager.
        ControllerManager = "controllerManager",
        /// The scheduler.
        Scheduler = "scheduler",
    }
}
