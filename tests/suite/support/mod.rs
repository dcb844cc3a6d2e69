//! What several topics of the suite need.

pub mod control;
pub mod demo;
pub mod fake_cluster;
pub mod families;
pub mod guardians;
pub mod kubectl;
pub mod mcp_server;
pub mod model;
pub mod relay;
pub mod rig;
pub mod routes;
pub mod served;
pub mod wait;
pub mod whole;
pub mod wire_stage;
pub mod world;
