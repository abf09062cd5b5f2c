//! The table of operations, and the port that answers them.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{CloudError, ErrorClass, Page, ops};

/// An AWS service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Amazon EC2.
    Ec2,
    /// Amazon EC2 Auto Scaling.
    AutoScaling,
    /// Amazon EKS.
    Eks,
    /// AWS Identity and Access Management.
    Iam,
    /// AWS Systems Manager.
    Ssm,
    /// AWS Security Token Service.
    Sts,
}

impl Service {
    /// Returns the prefix of the service's IAM actions.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::AutoScaling => "autoscaling",
            Self::Eks => "eks",
            Self::Iam => "iam",
            Self::Ssm => "ssm",
            Self::Sts => "sts",
        }
    }
}

/// Whether an operation changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only reads.
    Read,
    /// It writes.
    Write,
}

/// Answers requests. The one way to AWS, real or embedded.
#[async_trait]
pub trait AwsPort: Send + Sync {
    /// Makes one call.
    async fn call(&self, request: Request) -> Result<Response, CloudError>;
}

/// A port with a method for each operation.
#[derive(Clone)]
pub struct Aws {
    port: Arc<dyn AwsPort>,
}

impl Aws {
    /// Wraps a port.
    pub fn new(port: Arc<dyn AwsPort>) -> Self {
        Self { port }
    }

    /// Returns the port.
    pub fn port(&self) -> Arc<dyn AwsPort> {
        Arc::clone(&self.port)
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aws")
    }
}

macro_rules! operations {
    ($($name:ident, $method:ident, $service:ident : $api:literal, $effect:ident, $output:ty;)*) => {
        /// One operation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the names are AWS's")]
        pub enum Operation { $($name),* }

        impl Operation {
            /// All operations.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Returns AWS's name of the operation.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $api),* }
            }

            /// Returns the service.
            pub fn service(self) -> Service {
                match self { $(Self::$name => Service::$service),* }
            }

            /// Returns whether it writes.
            pub fn effect(self) -> Effect {
                match self { $(Self::$name => Effect::$effect),* }
            }
        }

        /// What a port is asked.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, reason = "the names are AWS's")]
        pub enum Request { $($name(ops::$name)),* }

        impl Request {
            /// Returns the operation.
            pub fn operation(&self) -> Operation {
                match self { $(Self::$name(_) => Operation::$name),* }
            }
        }

        /// What a port answers.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, reason = "the names are AWS's")]
        pub enum Response { $($name($output)),* }

        impl Response {
            /// Returns the operation.
            pub fn operation(&self) -> Operation {
                match self { $(Self::$name(_) => Operation::$name),* }
            }
        }

        impl Aws {
            $(
                #[doc = concat!("Calls `", $api, "`.")]
                pub async fn $method(&self, input: ops::$name) -> Result<$output, CloudError> {
                    match self.port.call(Request::$name(input)).await? {
                        Response::$name(output) => Ok(output),
                        other => Err(CloudError {
                            operation: Operation::$name,
                            class: ErrorClass::Invalid,
                            code: "WrongAnswer".to_owned(),
                            message: format!("the port answered {}", other.operation().name()),
                        }),
                    }
                }
            )*
        }
    };
}

operations! {
    GetCallerIdentity, get_caller_identity, Sts: "GetCallerIdentity", Read, ops::CallerIdentity;
    DescribeCluster, describe_cluster, Eks: "DescribeCluster", Read, kmax_model::EksCluster;
    GetInstanceProfile, get_instance_profile, Iam: "GetInstanceProfile", Read, kmax_model::InstanceProfile;
    GetParameters, get_parameters, Ssm: "GetParameters", Read, std::collections::BTreeMap<String, String>;
    DescribeSubnets, describe_subnets, Ec2: "DescribeSubnets", Read, Page<kmax_model::Subnet>;
    DescribeSecurityGroups, describe_security_groups, Ec2: "DescribeSecurityGroups", Read, Page<kmax_model::SecurityGroup>;
    DescribeImages, describe_images, Ec2: "DescribeImages", Read, Page<kmax_model::Image>;
    DescribeInstanceTypes, describe_instance_types, Ec2: "DescribeInstanceTypes", Read, Page<kmax_model::InstanceType>;
    DescribeInstanceTypeOfferings, describe_instance_type_offerings, Ec2: "DescribeInstanceTypeOfferings", Read, Page<kmax_model::Offering>;
    DescribeInstances, describe_instances, Ec2: "DescribeInstances", Read, Page<ops::Ec2Instance>;
    DescribeLaunchTemplates, describe_launch_templates, Ec2: "DescribeLaunchTemplates", Read, Page<kmax_model::LaunchTemplate>;
    DescribeLaunchTemplateVersions, describe_launch_template_versions, Ec2: "DescribeLaunchTemplateVersions", Read, Page<kmax_model::TemplateVersion>;
    CreateLaunchTemplate, create_launch_template, Ec2: "CreateLaunchTemplate", Write, kmax_model::LaunchTemplate;
    CreateLaunchTemplateVersion, create_launch_template_version, Ec2: "CreateLaunchTemplateVersion", Write, kmax_model::TemplateVersion;
    ModifyLaunchTemplate, modify_launch_template, Ec2: "ModifyLaunchTemplate", Write, kmax_model::LaunchTemplate;
    DeleteLaunchTemplate, delete_launch_template, Ec2: "DeleteLaunchTemplate", Write, ();
    DeleteLaunchTemplateVersions, delete_launch_template_versions, Ec2: "DeleteLaunchTemplateVersions", Write, Vec<ops::VersionDeletion>;
    CreateTags, create_tags, Ec2: "CreateTags", Write, ();
    DescribeAutoScalingGroups, describe_auto_scaling_groups, AutoScaling: "DescribeAutoScalingGroups", Read, Page<kmax_model::AutoScalingGroup>;
    CreateAutoScalingGroup, create_auto_scaling_group, AutoScaling: "CreateAutoScalingGroup", Write, ();
    UpdateAutoScalingGroup, update_auto_scaling_group, AutoScaling: "UpdateAutoScalingGroup", Write, ();
    DeleteAutoScalingGroup, delete_auto_scaling_group, AutoScaling: "DeleteAutoScalingGroup", Write, ();
    CreateOrUpdateTags, create_or_update_tags, AutoScaling: "CreateOrUpdateTags", Write, ();
    DeleteGroupTags, delete_group_tags, AutoScaling: "DeleteTags", Write, ();
    SuspendProcesses, suspend_processes, AutoScaling: "SuspendProcesses", Write, ();
}

impl Operation {
    /// Returns the IAM action: `ec2:CreateLaunchTemplate`.
    pub fn action(self) -> String {
        format!("{}:{}", self.service().as_str(), self.name())
    }
}
