//! The port: its clients, and which of them answers what.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_sdk_ec2::config::Credentials;
use kmax_cloud::{AwsPort, CloudError, Request, Response};
use tokio::time::Instant;

use crate::error::UNREACHABLE;
use crate::{autoscaling, ec2, eks, iam, ssm, sts};

/// A connection is refused or accepted long before.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The first byte of an answer; EC2's slowest pages take a few seconds.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// A whole call: a page of 200 template versions holds megabytes of user data.
const CALL_TIMEOUT: Duration = Duration::from_secs(90);

/// Where to connect and as whom. What is none comes from AWS's default chain: the environment,
/// the shared configuration files, SSO, web identity, the instance's metadata.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// The region.
    pub region: Option<String>,
    /// The profile of the shared configuration files.
    pub profile: Option<String>,
    /// The URL that all services are called at.
    pub endpoint_url: Option<String>,
    /// A fixed key.
    pub access_key: Option<AccessKey>,
}

impl Connection {
    /// Makes a connection to a region, the rest from the default chain.
    pub fn to(region: impl Into<String>) -> Self {
        Self { region: Some(region.into()), ..Self::default() }
    }
}

/// A fixed access key, as tests use it.
#[derive(Clone)]
pub struct AccessKey {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Answers requests through the AWS SDK, which keeps its connections open and never retries.
#[derive(Clone, Debug)]
pub struct SdkPort {
    region: Option<String>,
    endpoint_url: Option<String>,
    autoscaling: aws_sdk_autoscaling::Client,
    ec2: aws_sdk_ec2::Client,
    eks: aws_sdk_eks::Client,
    iam: aws_sdk_iam::Client,
    ssm: aws_sdk_ssm::Client,
    sts: aws_sdk_sts::Client,
}

impl SdkPort {
    /// Makes the clients. Credentials are looked up by the first call.
    pub async fn connect(connection: &Connection) -> Self {
        let Connection { region, profile, endpoint_url, access_key } = connection;
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .operation_attempt_timeout(CALL_TIMEOUT)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        if let Ok(name) = AppName::new("kmax") {
            loader = loader.app_name(name);
        }
        if let Some(region) = region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(AccessKey { id, secret }) = access_key {
            loader = loader.credentials_provider(Credentials::new(id, secret, None, None, "kmax"));
        }
        Self::of(&loader.load().await)
    }

    fn of(config: &SdkConfig) -> Self {
        Self {
            region: config.region().map(ToString::to_string),
            endpoint_url: config.endpoint_url().map(str::to_owned),
            autoscaling: aws_sdk_autoscaling::Client::new(config),
            ec2: aws_sdk_ec2::Client::new(config),
            eks: aws_sdk_eks::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            ssm: aws_sdk_ssm::Client::new(config),
            sts: aws_sdk_sts::Client::new(config),
        }
    }

    /// Returns the region that the connection or the default chain named.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Says where nobody answered.
    fn located(&self, mut error: CloudError) -> CloudError {
        if error.code == UNREACHABLE {
            let service = error.operation.service().as_str();
            let place = match (&self.endpoint_url, &self.region) {
                (Some(url), _) => url.clone(),
                (None, Some(region)) => format!("{service} in {region}"),
                (None, None) => service.to_owned(),
            };
            error.message = format!("no answer from {place}: {}", error.message);
        }
        error
    }

    async fn answer(&self, request: Request) -> Result<Response, CloudError> {
        Ok(match request {
            Request::GetCallerIdentity(input) => {
                Response::GetCallerIdentity(sts::get_caller_identity(&self.sts, input).await?)
            }
            Request::DescribeCluster(input) => {
                Response::DescribeCluster(eks::describe_cluster(&self.eks, input).await?)
            }
            Request::GetInstanceProfile(input) => {
                Response::GetInstanceProfile(iam::get_instance_profile(&self.iam, input).await?)
            }
            Request::GetParameters(input) => {
                Response::GetParameters(ssm::get_parameters(&self.ssm, input).await?)
            }
            Request::DescribeSubnets(input) => {
                Response::DescribeSubnets(ec2::network::describe_subnets(&self.ec2, input).await?)
            }
            Request::DescribeSecurityGroups(input) => Response::DescribeSecurityGroups(
                ec2::network::describe_security_groups(&self.ec2, input).await?,
            ),
            Request::DescribeImages(input) => {
                Response::DescribeImages(ec2::catalog::describe_images(&self.ec2, input).await?)
            }
            Request::DescribeInstanceTypes(input) => Response::DescribeInstanceTypes(
                ec2::catalog::describe_instance_types(&self.ec2, input).await?,
            ),
            Request::DescribeInstanceTypeOfferings(input) => {
                Response::DescribeInstanceTypeOfferings(
                    ec2::catalog::describe_instance_type_offerings(&self.ec2, input).await?,
                )
            }
            Request::DescribeInstances(input) => Response::DescribeInstances(
                ec2::instances::describe_instances(&self.ec2, input).await?,
            ),
            Request::DescribeLaunchTemplates(input) => Response::DescribeLaunchTemplates(
                ec2::templates::describe_launch_templates(&self.ec2, input).await?,
            ),
            Request::DescribeLaunchTemplateVersions(input) => {
                Response::DescribeLaunchTemplateVersions(
                    ec2::templates::describe_launch_template_versions(&self.ec2, input).await?,
                )
            }
            Request::CreateLaunchTemplate(input) => Response::CreateLaunchTemplate(
                ec2::templates::create_launch_template(&self.ec2, input).await?,
            ),
            Request::CreateLaunchTemplateVersion(input) => Response::CreateLaunchTemplateVersion(
                ec2::templates::create_launch_template_version(&self.ec2, input).await?,
            ),
            Request::ModifyLaunchTemplate(input) => Response::ModifyLaunchTemplate(
                ec2::templates::modify_launch_template(&self.ec2, input).await?,
            ),
            Request::DeleteLaunchTemplate(input) => {
                ec2::templates::delete_launch_template(&self.ec2, input).await?;
                Response::DeleteLaunchTemplate(())
            }
            Request::DeleteLaunchTemplateVersions(input) => Response::DeleteLaunchTemplateVersions(
                ec2::templates::delete_launch_template_versions(&self.ec2, input).await?,
            ),
            Request::CreateTags(input) => {
                ec2::create_tags(&self.ec2, input).await?;
                Response::CreateTags(())
            }
            Request::DescribeAutoScalingGroups(input) => Response::DescribeAutoScalingGroups(
                autoscaling::describe_auto_scaling_groups(&self.autoscaling, input).await?,
            ),
            Request::CreateAutoScalingGroup(input) => {
                autoscaling::create_auto_scaling_group(&self.autoscaling, input).await?;
                Response::CreateAutoScalingGroup(())
            }
            Request::UpdateAutoScalingGroup(input) => {
                autoscaling::update_auto_scaling_group(&self.autoscaling, input).await?;
                Response::UpdateAutoScalingGroup(())
            }
            Request::DeleteAutoScalingGroup(input) => {
                autoscaling::delete_auto_scaling_group(&self.autoscaling, input).await?;
                Response::DeleteAutoScalingGroup(())
            }
            Request::CreateOrUpdateTags(input) => {
                autoscaling::create_or_update_tags(&self.autoscaling, input).await?;
                Response::CreateOrUpdateTags(())
            }
            Request::DeleteGroupTags(input) => {
                autoscaling::delete_tags(&self.autoscaling, input).await?;
                Response::DeleteGroupTags(())
            }
            Request::SuspendProcesses(input) => {
                autoscaling::suspend_processes(&self.autoscaling, input).await?;
                Response::SuspendProcesses(())
            }
        })
    }
}

#[async_trait]
impl AwsPort for SdkPort {
    async fn call(&self, request: Request) -> Result<Response, CloudError> {
        let action = request.operation().action();
        let started = Instant::now();
        let answer = self.answer(request).await.map_err(|error| self.located(error));
        let took_ms = started.elapsed().as_millis();
        match &answer {
            Ok(_) => tracing::debug!(action, took_ms, "answered"),
            Err(error) => tracing::debug!(action, took_ms, code = error.code, "failed"),
        }
        answer
    }
}
