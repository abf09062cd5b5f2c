//! What can go wrong with user data.

use thiserror::Error;

/// User data cannot be rendered or read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BootstrapError {
    /// No such AMI family.
    #[error("`{name}` is not an AMI family that user data can be rendered for")]
    UnknownFamily {
        /// The name that was asked for.
        name: String,
    },
    /// A setting cannot be written into user data.
    #[error("`{field}` {problem}")]
    InvalidSpec {
        /// The setting, as a path: `labels.team`.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The user data is larger than EC2 takes.
    #[error(
        "user data has {size} bytes and EC2 takes at most {limit}: its largest part is `{part}` \
         with {part_size} bytes"
    )]
    TooLarge {
        /// Bytes of the whole, before base64.
        size: usize,
        /// The most that EC2 takes.
        limit: usize,
        /// The name of the largest part.
        part: String,
        /// Bytes of the largest part.
        part_size: usize,
    },
    /// The text is not base64.
    #[error("the user data is not base64")]
    Base64,
    /// The user data is meant to be a MIME multi-part message and is none.
    #[error("line {line} of the user data: {problem}")]
    Mime {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A document is not the YAML that nodeadm's configuration needs.
    #[error("line {line} of the NodeConfig: {problem}")]
    Yaml {
        /// The line within the document, counted from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// The user data has no NodeConfig.
    #[error("there is no NodeConfig in the user data, only {found}")]
    NoNodeConfig {
        /// The parts that are there, named.
        found: String,
    },
    /// The user data has a part that the family does not write.
    #[error("part `{name}` ({content_type}) is not one that kmax wrote")]
    ForeignPart {
        /// The part's name.
        name: String,
        /// The part's content type.
        content_type: String,
    },
    /// A NodeConfig sets a field that the family does not write.
    #[error("the NodeConfig sets `{path}`, which is not a field that kmax writes")]
    ForeignField {
        /// The field, as a path: `spec.instance.localStorage`.
        path: String,
    },
    /// A NodeConfig's field has a value that it cannot have.
    #[error("the NodeConfig's `{path}` {problem}")]
    InvalidField {
        /// The field, as a path: `spec.cluster.name`.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}
