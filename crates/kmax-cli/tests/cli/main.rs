//! The built binary in an environment of its own, with what it prints and how it exits.

mod apply;
mod drift;
mod environment;
mod golden;
mod help;
mod init;
mod lock;
mod output;
mod plan;
mod plan_file;
mod render;
mod sandbox;
mod schema;
mod validate;
mod width;
