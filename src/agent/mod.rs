//! Asking: a conversation with a language model that looks at the cluster and proposes faults.
//!
//! Mental model: the model gets facts and answers with text and tool calls; a tool call is an order of brink's own, read from
//! one table, checked before it is carried out, its answer fenced as data. What a model proposes becomes an intent like any
//! other: compiled, dry-run and judged before a person sees it. Every model counts as hostile: nothing it says reaches the
//! cluster as a write, and no tool writes.
//!
//! Everything that decides is pure and stands in this folder; `io/` speaks to the provider and runs the tools through the
//! doors of the other rooms. Nothing here applies a proposal: that is a person's key in the preview.

pub mod abort;
pub mod budget;
pub mod compact;
pub mod conversation;
pub mod decided;
pub mod draft;
pub mod end;
pub mod evidence;
pub mod fence;
pub mod intent_schema;
pub mod io;
pub mod lesson;
pub mod limits;
pub mod manifests;
pub mod mcp;
pub mod mention;
pub mod message;
pub mod model;
pub mod named;
pub mod order;
pub mod privacy;
pub mod prompt;
pub mod proposal;
pub mod remote;
pub mod schema;
pub mod session;
pub mod slash;
pub mod spelled;
pub mod text_calls;
pub mod told;
pub mod tools;
pub mod tuning;
pub mod wire;

pub use budget::Budget;
pub use conversation::Conversation;
pub use draft::Draft;
pub use end::End;
pub use limits::{Limit, Limits};
pub use message::{Call, Message, ToolAnswer};
pub use model::Model;
pub use privacy::Privacy;
pub use proposal::Proposal;
pub use remote::Remote;
pub use told::Told;
pub use tuning::Tuning;
