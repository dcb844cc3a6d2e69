//! What `demo` can be told.

use clap::Args;

use crate::cli::args::Output;

/// `demo`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Only serve the world, on this loopback address; port 0 is any free one
    #[arg(long, value_name = "ADDR")]
    pub serve: Option<std::net::SocketAddr>,
    /// Which world; a script brings its own, else it is `shop`
    #[arg(long, value_name = "NAME")]
    pub world: Option<String>,
    /// How many pods it has
    #[arg(long, value_name = "N")]
    pub pods: Option<u64>,
    /// How fast its time goes: 1 is real time
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub speed: f64,
    /// Names and draws follow from it
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Show the worlds and the scripts there are
    #[arg(long, conflicts_with_all = ["serve", "play", "notes"])]
    pub list: bool,
    /// Play a script: its name, or a file; with --context or --kubeconfig on that cluster, where every apply is yours
    #[arg(long, value_name = "SCRIPT", conflicts_with = "serve")]
    pub play: Option<String>,
    /// Play without a terminal: one JSON line a step, exit 0 when all went well
    #[arg(long, requires = "play")]
    pub headless: bool,
    /// The size of the screen nobody sees, COLUMNSxROWS
    #[arg(long, value_name = "CxR", requires = "headless")]
    pub size: Option<String>,
    /// Fewer panes and bold words, for those in the last row
    #[arg(long, conflicts_with_all = ["serve", "headless"])]
    pub present: bool,
    /// Follow the running script in a second terminal: note, next step, clock
    #[arg(long, conflicts_with_all = ["serve", "play", "present"])]
    pub notes: bool,
    /// How to write where it is
    #[command(flatten)]
    pub output: Output,
    /// Ends with the cockpit that started it
    #[arg(long, hide = true, requires = "serve")]
    pub attached: bool,
}

/// The usual world, with its cockpit.
impl Default for DemoArgs {
    fn default() -> Self {
        Self {
            serve: None,
            world: None,
            pods: None,
            speed: 1.0,
            seed: 1,
            list: false,
            play: None,
            headless: false,
            size: None,
            present: false,
            notes: false,
            output: Output::default(),
            attached: false,
        }
    }
}
