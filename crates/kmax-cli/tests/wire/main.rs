//! The binary against AWS's wire: every command on moto with kmax's patches.

mod fields;
mod ground;
mod life;
mod scale;
