//! `kmax render`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use kmax_model::PoolId;

use crate::commands::Context;
use crate::engine::known_pool;
use crate::errors::{Exit, Failure};
use crate::interrupt;

#[derive(Debug, Args)]
pub(crate) struct RenderArgs {
    /// The pool, as TEAM/KEY.
    #[arg(value_name = "POOL")]
    id: PoolId,
    /// Prints the parts, each under its name, instead of what is sent.
    #[arg(long)]
    decoded: bool,
}

pub(crate) async fn run(context: &Context, args: &RenderArgs) -> Result<Exit, Failure> {
    let RenderArgs { id, decoded } = args;
    let engine = context.engine().await?;
    known_pool(&engine.project().config, id)?;
    let user_data = interrupt::or_cancel(engine.render(id)).await??;
    if !decoded {
        let bytes = STANDARD.decode(&user_data).unwrap_or_else(|_| user_data.clone().into_bytes());
        context.printer.data(&String::from_utf8_lossy(&bytes))?;
        return Ok(Exit::Done);
    }
    let parts = kmax_bootstrap::decode_base64(&user_data).map_err(|error| Failure::PlanFile {
        message: format!("the user data of {id} can't be taken apart: {error}"),
        hint: "leave out `--decoded`".to_owned(),
    })?;
    let mut text = String::new();
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            text.push('\n');
        }
        text.push_str(&format!("# {} ({})\n{}", part.name, part.content_type, part.content));
        if !part.content.ends_with('\n') {
            text.push('\n');
        }
    }
    context.printer.data(&text)?;
    Ok(Exit::Done)
}
