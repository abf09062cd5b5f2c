//! Writes to launch templates and their versions.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kmax_cloud::ops;
use kmax_model::{Digest, LaunchTemplate, MetadataOptions, TemplateData, TemplateVersion};

use crate::refusal::Refusal;
use crate::state::{Hideable, StaleTags, State, TemplateRow, TokenRow, version_key};
use crate::tags::check_ec2_tags;

/// A quota of EC2: launch templates in a region.
const MOST_TEMPLATES: usize = 5_000;
/// A quota of EC2: versions of one template.
const MOST_VERSIONS: usize = 10_000;
const LONGEST_DESCRIPTION: usize = 255;
/// EC2's limit on user data before base64.
const LONGEST_USER_DATA: usize = 16 * 1024;
const LONGEST_CLIENT_TOKEN: usize = 64;
/// What a version's tags may be for.
const TAGGED_TYPES: [&str; 5] =
    ["instance", "volume", "network-interface", "spot-instances-request", "elastic-gpu"];

pub(crate) fn no_such_template(id: &str) -> Refusal {
    Refusal::new(
        "InvalidLaunchTemplateId.NotFound",
        format!("The specified launch template, with template ID {id}, does not exist."),
    )
}

pub(crate) fn no_such_version(id: &str, version: &str) -> Refusal {
    Refusal::new(
        "InvalidLaunchTemplateId.VersionNotFound",
        format!(
            "Could not find the specified version {version} for the launch template with ID {id}."
        ),
    )
}

/// Judges the form of a template's id.
pub(crate) fn check_template_id(id: &str) -> Result<(), Refusal> {
    let hex = id.strip_prefix("lt-").unwrap_or_default();
    if hex.is_empty() || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Refusal::new(
            "InvalidLaunchTemplateId.Malformed",
            format!("The specified launch template ID, {id}, is not valid."),
        ));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "().-/_".contains(c);
    if !(3..=128).contains(&name.len()) || !name.chars().all(is_name) {
        return Err(Refusal::new(
            "InvalidLaunchTemplateName.MalformedException",
            format!(
                "A launch template name must be between 3 and 128 characters, and may contain \
                 letters, numbers, and the following characters: - ( ) . / _ ('{name}')"
            ),
        ));
    }
    Ok(())
}

fn check_description(description: &str) -> Result<(), Refusal> {
    if description.chars().count() > LONGEST_DESCRIPTION {
        return Err(Refusal::parameter(format!(
            "Version description exceeds the maximum length of {LONGEST_DESCRIPTION} characters"
        )));
    }
    Ok(())
}

fn check_word(field: &str, value: Option<&String>, words: &[&str]) -> Result<(), Refusal> {
    match value {
        Some(value) if !words.contains(&value.as_str()) => Err(Refusal::parameter(format!(
            "Value ({value}) for parameter {field} is invalid. Valid values: {}",
            words.join(", ")
        ))),
        Some(_) | None => Ok(()),
    }
}

/// Judges what EC2 judges of a version's content before anything is launched from it: its form.
fn check_data(data: &TemplateData) -> Result<(), Refusal> {
    if *data == TemplateData::default() {
        return Err(Refusal::new(
            "MissingParameter",
            "The request must contain the parameter LaunchTemplateData",
        ));
    }
    let malformed = |message: &str| Refusal::new("InvalidUserData.Malformed", message);
    if let Some(user_data) = &data.user_data {
        let bytes = STANDARD
            .decode(user_data)
            .map_err(|_| malformed("Invalid BASE64 encoding of user data."))?;
        if bytes.len() > LONGEST_USER_DATA {
            return Err(malformed("User data is limited to 16384 bytes"));
        }
    }
    let MetadataOptions { http_endpoint, http_tokens, hop_limit, instance_metadata_tags } =
        &data.metadata;
    let switch = ["enabled", "disabled"];
    check_word("HttpEndpoint", http_endpoint.as_ref(), &switch)?;
    check_word("HttpTokens", http_tokens.as_ref(), &["required", "optional"])?;
    check_word("InstanceMetadataTags", instance_metadata_tags.as_ref(), &switch)?;
    if hop_limit.is_some_and(|limit| !(1..=64).contains(&limit)) {
        return Err(Refusal::parameter(
            "The value for HttpPutResponseHopLimit must be between 1 and 64",
        ));
    }
    for (resource_type, tags) in &data.tags {
        if !TAGGED_TYPES.contains(&resource_type.as_str()) {
            return Err(Refusal::parameter(format!(
                "'{resource_type}' is not a valid taggable resource type for this operation."
            )));
        }
        check_ec2_tags(tags)?;
    }
    Ok(())
}

fn check_token(token: &str) -> Result<(), Refusal> {
    if token.len() > LONGEST_CLIENT_TOKEN || !token.is_ascii() {
        return Err(Refusal::parameter(format!(
            "Value ({token}) for parameter clientToken is invalid. A client token has at most \
             {LONGEST_CLIENT_TOKEN} ASCII characters."
        )));
    }
    Ok(())
}

/// A token, where one was sent, with the request it was sent with.
struct Token {
    key: String,
    request: Digest,
}

impl Token {
    fn new(
        operation: &str,
        token: &str,
        request: &impl std::fmt::Debug,
    ) -> Result<Option<Self>, Refusal> {
        check_token(token)?;
        let request = Digest::of_bytes(format!("{request:?}").as_bytes());
        Ok((!token.is_empty()).then(|| Self { key: format!("{operation}/{token}"), request }))
    }
}

impl State {
    /// Returns what the same request was answered before.
    fn replay(&self, token: Option<&Token>) -> Result<Option<TokenRow>, Refusal> {
        let Some(Token { key, request }) = token else { return Ok(None) };
        match self.tokens.get(key) {
            None => Ok(None),
            Some(row) if row.request == *request => Ok(Some(row.clone())),
            Some(_) => Err(Refusal::new(
                "IdempotentParameterMismatch",
                "Client token already used before with different request parameters",
            )),
        }
    }

    fn remember(&mut self, token: Option<Token>, template: &LaunchTemplate, version: u64) {
        if let Some(Token { key, request }) = token {
            let used_at = self.meta.now;
            let row = TokenRow { request, used_at, template: template.clone(), version };
            self.tokens.insert(key, row);
        }
    }

    /// Returns the template of an id that a call names.
    pub(crate) fn template(&mut self, id: &str) -> Result<TemplateRow, Refusal> {
        check_template_id(id)?;
        self.seen_template(id).ok_or_else(|| no_such_template(id))
    }

    fn seen_template(&mut self, id: &str) -> Option<TemplateRow> {
        let is_seen = self.sees(Hideable::Template, id);
        self.templates.get(id).filter(|_| is_seen).cloned()
    }

    pub(crate) fn create_launch_template(
        &mut self,
        input: &ops::CreateLaunchTemplate,
    ) -> Result<LaunchTemplate, Refusal> {
        let ops::CreateLaunchTemplate { name, description, data, tags, client_token } = input;
        let token = Token::new("CreateLaunchTemplate", client_token, input)?;
        check_name(name)?;
        check_description(description)?;
        check_data(data)?;
        check_ec2_tags(tags)?;
        if let Some(answered) = self.replay(token.as_ref())? {
            return Ok(answered.template);
        }
        if self.templates.values().any(|row| row.template.name == *name) {
            return Err(Refusal::new(
                "InvalidLaunchTemplateName.AlreadyExistsException",
                format!("Launch template name already in use: {name}."),
            ));
        }
        if self.templates.len() >= MOST_TEMPLATES {
            return Err(Refusal::new(
                "LaunchTemplateLimitExceeded",
                format!("You have reached the maximum of {MOST_TEMPLATES} launch templates."),
            ));
        }
        let id = self.next_id("lt");
        let template = LaunchTemplate {
            id: id.clone(),
            name: name.clone(),
            default_version: 1,
            latest_version: 1,
            tags: tags.clone(),
        };
        self.insert_version(&template, 1, description, data);
        self.templates
            .insert(id.clone(), TemplateRow { template: template.clone(), next_version: 2 });
        self.hide(Hideable::Template, &id);
        self.remember(token, &template, 1);
        Ok(template)
    }

    fn insert_version(
        &mut self,
        template: &LaunchTemplate,
        number: u64,
        description: &str,
        data: &TemplateData,
    ) -> TemplateVersion {
        let version = TemplateVersion {
            template_id: template.id.clone(),
            template_name: template.name.clone(),
            number,
            description: description.to_owned(),
            data: data.clone(),
        };
        self.versions.insert(version_key(&template.id, number), version.clone());
        version
    }

    pub(crate) fn create_launch_template_version(
        &mut self,
        input: &ops::CreateLaunchTemplateVersion,
    ) -> Result<TemplateVersion, Refusal> {
        let ops::CreateLaunchTemplateVersion { template_id, description, data, client_token } =
            input;
        let token = Token::new("CreateLaunchTemplateVersion", client_token, input)?;
        check_description(description)?;
        check_data(data)?;
        if let Some(TokenRow { template, version, .. }) = self.replay(token.as_ref())? {
            // The request is the same, so the content answered then is the request's own.
            return Ok(TemplateVersion {
                template_id: template.id,
                template_name: template.name,
                number: version,
                description: description.clone(),
                data: data.clone(),
            });
        }
        let TemplateRow { mut template, next_version: number } = self.template(template_id)?;
        if self.versions.under(&format!("{template_id}/")).count() >= MOST_VERSIONS {
            return Err(Refusal::new(
                "VersionLimitExceeded",
                format!(
                    "You have reached the maximum of {MOST_VERSIONS} versions of {template_id}."
                ),
            ));
        }
        let version = self.insert_version(&template, number, description, data);
        self.hide(Hideable::Version, &version_key(template_id, number));
        template.latest_version = number;
        self.remember(token, &template, number);
        self.templates
            .insert(template_id.clone(), TemplateRow { template, next_version: number + 1 });
        Ok(version)
    }

    pub(crate) fn modify_launch_template(
        &mut self,
        input: &ops::ModifyLaunchTemplate,
    ) -> Result<LaunchTemplate, Refusal> {
        let ops::ModifyLaunchTemplate { template_id, default_version, client_token } = input;
        let token = Token::new("ModifyLaunchTemplate", client_token, input)?;
        if let Some(answered) = self.replay(token.as_ref())? {
            return Ok(answered.template);
        }
        let mut row = self.template(template_id)?;
        if !self.versions.contains(&version_key(template_id, *default_version)) {
            return Err(no_such_version(template_id, &default_version.to_string()));
        }
        row.template.default_version = *default_version;
        self.remember(token, &row.template, *default_version);
        self.templates.insert(template_id.clone(), row.clone());
        Ok(row.template)
    }

    pub(crate) fn delete_launch_template(
        &mut self,
        input: &ops::DeleteLaunchTemplate,
    ) -> Result<(), Refusal> {
        let id = &input.template_id;
        self.template(id)?;
        let versions: Vec<String> =
            self.versions.under(&format!("{id}/")).map(|(key, _)| key.clone()).collect();
        for key in versions {
            self.versions.remove(&key);
        }
        self.templates.remove(id);
        self.stale_template_tags.remove(id);
        Ok(())
    }

    pub(crate) fn delete_launch_template_versions(
        &mut self,
        input: &ops::DeleteLaunchTemplateVersions,
    ) -> Result<Vec<ops::VersionDeletion>, Refusal> {
        let ops::DeleteLaunchTemplateVersions { template_id, versions } = input;
        if versions.is_empty() {
            return Err(Refusal::new(
                "MissingParameter",
                "The request must contain the parameter LaunchTemplateVersion",
            ));
        }
        if versions.len() > 200 {
            return Err(Refusal::parameter(
                "Up to 200 launch template versions can be deleted in a single request.",
            ));
        }
        check_template_id(template_id)?;
        let distinct: BTreeSet<u64> = versions.iter().copied().collect();
        let failed = |code: &str, message: String| Some((code.to_owned(), message));
        let Some(mut row) = self.seen_template(template_id) else {
            // EC2 answers that for each version; the call itself succeeds.
            let message = no_such_template(template_id).message().to_owned();
            let error = failed("launchTemplateIdDoesNotExist", message);
            let answer = |version| ops::VersionDeletion { version, error: error.clone() };
            return Ok(distinct.into_iter().map(answer).collect());
        };
        let mut answers = Vec::new();
        for version in distinct {
            let key = version_key(template_id, version);
            let error = if version == row.template.default_version {
                failed(
                    "unexpectedError",
                    format!("The default version {version} of {template_id} cannot be deleted."),
                )
            } else if self.versions.remove(&key).is_none() {
                failed(
                    "launchTemplateVersionDoesNotExist",
                    no_such_version(template_id, &version.to_string()).message().to_owned(),
                )
            } else {
                None
            };
            answers.push(ops::VersionDeletion { version, error });
        }
        let latest = self.versions.under(&format!("{template_id}/")).last();
        if let Some((_, latest)) = latest {
            row.template.latest_version = latest.number;
        }
        if answers.iter().any(|answer| answer.error.is_none()) {
            self.templates.insert(template_id.clone(), row);
        }
        Ok(answers)
    }

    pub(crate) fn create_tags(&mut self, input: &ops::CreateTags) -> Result<(), Refusal> {
        let ops::CreateTags { resource, tags } = input;
        if tags.is_empty() {
            return Err(Refusal::new(
                "MissingParameter",
                "The request must contain the parameter tagSet",
            ));
        }
        check_ec2_tags(tags)?;
        if resource.starts_with("lt-") {
            let mut row = self.template(resource)?;
            let before = row.template.tags.clone();
            row.template.tags.extend(tags.clone());
            check_ec2_tags(&row.template.tags)?;
            self.templates.insert(resource.clone(), row);
            if self.meta.delay > 0 {
                let stale = StaleTags { reads: self.meta.delay, before };
                self.stale_template_tags.insert(resource.clone(), stale);
            }
            return Ok(());
        }
        if resource.starts_with("i-") {
            let row = self.instances.get_mut(resource).ok_or_else(|| {
                Refusal::new(
                    "InvalidInstanceID.NotFound",
                    format!("The instance ID '{resource}' does not exist"),
                )
            })?;
            row.tags.extend(tags.clone());
            return Ok(());
        }
        Err(Refusal::new("InvalidID", format!("The ID '{resource}' is not valid")))
    }
}
