//! How objects hang together: who owns whom, who selects, mounts, routes to and guards whom; and the tree a person reads of it.
//!
//! Mental model: a watch turns each object into a [`Relative`]: who it is, who owns it, which others it names or selects
//! ([`Link`]), and how well it is. [`Relations`] keeps them by uid and by name and answers in both directions: who stands
//! below an object, and who above. A [`Tree`] is what is shown of that from some roots on. [`kinds`] says which kinds are to
//! be watched for it: a tree never watches all that a server serves.
//!
//! An end that is not there is shown as such ([`End::Missing`]): a route to a Service that nobody made is what a person looks
//! for. Whether it is not there or was not looked for is the caller's to know ([`Looked`]).
//!
//! It asks nothing itself, draws nothing, and does not say who gets a request: [`super::resolve`] does.

pub mod kinds;
mod links;
mod relation;
mod relative;
mod route_links;
mod selects;
mod store;
mod tree;

pub use relation::Relation;
pub use relative::{Link, Owning, Reader, Relative, Target, To, Way};
pub use selects::Selects;
pub use store::{End, Relations, Tie};
pub use tree::{Branch, Folds, Line, Looked, Root, Tree, lay};
